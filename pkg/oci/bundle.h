// Bundle: a directory with a config.json and a root file system, read once. Later commands never
// read it again. Its paths are facts of the moment of loading: whoever uses rootfs opens it and
// works below that descriptor.
#pragma once

#include <filesystem>
#include <optional>

#include "pkg/oci/spec.h"

namespace kata::oci {

struct Bundle {
    std::filesystem::path path;    // absolute, without symlinks
    std::filesystem::path rootfs;  // absolute, without symlinks, a directory
    Spec spec;                     // parsed, not yet validated beyond `root`
};

/// root.readonly of the spec; false if it says nothing.
[[nodiscard]] bool has_read_only_root(const Bundle& bundle);

/// @param directory the bundle, absolute or relative to the working directory.
/// @param config the file to read instead of <directory>/config.json, as `--config` names it.
/// @throws base::Error not_found ("... no such file or directory"), invalid_argument (not a
/// directory, FIFO, larger than 16 MiB, not JSON, no root.path, rootfs not a directory).
[[nodiscard]] Bundle load_bundle(const std::filesystem::path& directory,
                                 const std::optional<std::filesystem::path>& config = std::nullopt);

}  // namespace kata::oci
