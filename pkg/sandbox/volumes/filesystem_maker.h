// Makes the first file system on the device of a direct volume. On the host, because it has the
// tools, and the guest never needs them: nothing of a guest is on a device that is empty.
#pragma once

#include <filesystem>
#include <string>

#include "pkg/base/deadline.h"

namespace kata::sandbox {

/// How much of a device's beginning and end must be zeros for it to be empty: every label, table
/// and superblock that is known has something there.
inline constexpr std::size_t kEmptyEdge = std::size_t{4} << 20;

/// Makes a file system of this type on a device or file that is empty. One of the same family that
/// is there already stays. What is begun is finished even if the caller is killed; what fails
/// leaves the device empty.
/// @return whether it made one.
/// @throws base::Error invalid_state if anything else is there; unsupported if the host has no
/// program for it; timeout.
bool make_filesystem(const std::filesystem::path& path,
                     const std::string& fs_type,
                     base::Deadline deadline);

}  // namespace kata::sandbox
