// Kernel modules behind disks: bus drivers and file systems, which most sandboxes never need and
// the kernel cannot ask for (the guest has no modprobe(8)). Loaded at their first use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kata::agent::guest {

/// The paths of the modules that `list` (lines "<use> <path>") has for `use`, in their order.
[[nodiscard]] std::vector<std::string> modules_for(std::string_view use, const std::string& list);

/// Loads what the list at `list_path` has for `use`, a driver ("blk", "scsi") or a file system. A
/// missing list or use is fine: the kernel may have it built in; trouble is logged, and the mount
/// or the wait that follows says what is missing.
void load_disk_modules(std::string_view use,
                       const std::string& list_path = "/etc/kata-agent/disk-modules") noexcept;

}  // namespace kata::agent::guest
