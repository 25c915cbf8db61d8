// What a mounted file system can be asked: how full it is, to grow over all of its disk, and to
// belong to a group. Nothing here mounts.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>

#include "pkg/agent/guest/block_device.h"

namespace kata::agent::guest {

struct FileSystemUsage {
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;
    std::uint64_t total_inodes = 0;
    std::uint64_t free_inodes = 0;
};
[[nodiscard]] FileSystemUsage usage_of(const std::filesystem::path& mount_point);

/// Grows an ext4, XFS or btrfs that is mounted, without any tool; one that is as large already is
/// fine. @throws base::Error unsupported for another file system.
void grow_file_system(const std::filesystem::path& mount_point, const BlockDevice& device);

enum class GroupChange {
    always,
    on_root_mismatch,  // only if the root does not belong to the group already
};

/// Gives everything to `group` as Kubernetes does: group, its rights like the owner's, and new
/// files in directories inherit it. Symbolic links are not followed, other mounts not entered.
void give_to_group(const std::filesystem::path& mount_point, gid_t group, GroupChange policy);

}  // namespace kata::agent::guest
