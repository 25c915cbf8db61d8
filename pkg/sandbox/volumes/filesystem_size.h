// What the superblock on a device says of its file system. The guest may have written
// anything there: a hint for refusing what would shrink it, and nothing else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace kata::sandbox {

/// Bytes of an ext2/3/4, xfs or btrfs; nullopt if there is none of them. @throws base::Error if the
/// device cannot be read.
[[nodiscard]] std::optional<std::uint64_t> filesystem_size(const std::filesystem::path& device);

/// "ext4" for all of ext2, ext3 and ext4, "xfs" or "btrfs"; nullopt and errors as above.
[[nodiscard]] std::optional<std::string> filesystem_family(const std::filesystem::path& device);

}  // namespace kata::sandbox
