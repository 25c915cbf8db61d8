// Kernel modules behind disks and file systems that most sandboxes never need and the kernel cannot
// ask for (the guest's modprobe(8) is for people). Loaded at their first use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kata::agent::guest {

/// By "blk" or "scsi", the driver of a disk, and by the type of a file system on one.
inline constexpr const char* kDiskModules = "/etc/kata-agent/disk-modules";
/// By the type of a file system that is shared.
inline constexpr const char* kFilesystemModules = "/etc/kata-agent/filesystem-modules";

/// The paths of the modules that `list` has for `use`, in their order. Its lines are "<use>
/// <path>", or "<use> -" if the kernel has it built in.
[[nodiscard]] std::vector<std::string> modules_for(std::string_view use, const std::string& list);

/// Loads what the list at `list_path` has for `use`. A missing list or use is fine; trouble is
/// logged, and the mount or the wait that follows says what is missing.
void load_modules_for(std::string_view use, const std::string& list_path);

}  // namespace kata::agent::guest
