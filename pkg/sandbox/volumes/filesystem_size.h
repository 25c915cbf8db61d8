// The size that the superblock on a device says its file system has. The guest may have written
// anything there: a hint for refusing what would shrink it, and nothing else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace kata::sandbox {

/// Bytes of an ext2/3/4, xfs or btrfs; nullopt if there is none of them. @throws base::Error if the
/// device cannot be read.
[[nodiscard]] std::optional<std::uint64_t> filesystem_size(const std::filesystem::path& device);

}  // namespace kata::sandbox
