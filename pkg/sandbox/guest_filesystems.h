// Which file systems a guest can mount beside the usual ones: read from the list that our recipe
// puts into its initrd, so that a wrong guest is named before a machine is started for it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "pkg/sandbox/config.h"

namespace kata::sandbox {

/// A member of an uncompressed cpio archive of the kind "newc"; nullopt: it is none, or has no
/// such member. @param name without a leading slash.
[[nodiscard]] std::optional<std::string> archive_member(const std::filesystem::path& archive,
                                                        const std::string& name);

/// @throws base::Error unsupported if the configured guest is one of ours and cannot mount the
/// share. Of a guest made elsewhere nothing is known; its agent says what fails.
void require_share_in_guest(const RuntimeConfig& config);

}  // namespace kata::sandbox
