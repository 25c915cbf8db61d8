// The host's side of a volume's device: what it is, how large, and whether the host itself uses it,
// so that a disk is never written from two sides.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/mount_table.h"

namespace kata::sandbox {

/// Where the kernel tells about itself; tests have trees of their own.
struct HostView {
    std::filesystem::path proc = "/proc";
    std::filesystem::path sys = "/sys";
    std::filesystem::path dev = "/dev";
};

struct VolumeDevice {
    enum class Kind { block, file };
    Kind kind = Kind::file;
    std::filesystem::path path;  // without symbolic links
    std::uint64_t size = 0;      // bytes
    bool is_allocated = false;   // a file without holes
    dev_t number = 0;            // of a block device
    dev_t filesystem = 0;        // of a file, or of the file behind a loop device
    ino_t inode = 0;             // the same; 0: there is none
};

[[nodiscard]] std::vector<base::MountEntry> mount_table(const HostView& host = {});

/// The numbers of a block device, "8:16", by the name that its path ends in; empty: there is none.
[[nodiscard]] std::string number_of_device(const std::filesystem::path& path,
                                           const HostView& host = {});

/// @throws base::Error not_found if nothing is there, invalid_argument if it is neither a block
/// device nor a regular file.
[[nodiscard]] VolumeDevice examine_device(const std::string& path, const HostView& host = {});

/// The same of a block device by its number. @param path for messages; it may be another's.
[[nodiscard]] VolumeDevice examine_number(const std::filesystem::path& path,
                                          dev_t number,
                                          const HostView& host = {});

/// What the host does with the device, one of its partitions, its disk or a loop device of its
/// file, as the end of a sentence ("is mounted on /mnt", "is used as swap", "is held by dm-0");
/// nullopt if nothing.
[[nodiscard]] std::optional<std::string> host_use(const VolumeDevice& device,
                                                  const HostView& host = {});

/// The kernel's own word, of all mount namespaces: what something has claimed cannot be opened
/// exclusively. @throws base::Error if it cannot be opened for another reason.
[[nodiscard]] bool is_claimed(const std::filesystem::path& device);

/// host_use(), and is_claimed() of a block device that is at its path. @throws base::Error
/// invalid_state naming the device and its use.
void require_unused_by_host(const VolumeDevice& device, const HostView& host = {});

/// Whether writing to one can change the other: the same device, the same file, also behind a loop
/// device, or a disk and its partition.
[[nodiscard]] bool overlap(const VolumeDevice& one,
                           const VolumeDevice& other,
                           const HostView& host = {});

}  // namespace kata::sandbox
