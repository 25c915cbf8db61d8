// Annotations of a container that change the configuration for its sandbox. Everything in them is a
// stranger's: names below config.hypervisor. need leave by enable_annotations, values of restricted
// ones leave by their valid_... key, and every value must be one that the key takes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pkg/sandbox/config.h"
#include "pkg/sandbox/config/load.h"

namespace kata::sandbox {

struct AnnotatedConfig {
    RuntimeConfig config;  // its `annotations` are those that have changed it
    std::vector<std::string> warnings;
};

/// `config` as the annotations of the container that its sandbox is made for change it. Those that
/// do not begin with io.katacontainers. are somebody else's.
/// @throws base::Error permission_denied for an annotation that is not permitted, naming the line
/// of the configuration that would permit it; invalid_argument for one that is not known or whose
/// value is not one of its key's; unsupported for one that cannot be obeyed and must not be
/// ignored.
[[nodiscard]] AnnotatedConfig annotated_config(
    const RuntimeConfig& config, const std::map<std::string, std::string>& annotations);

/// `config` as a sandbox that exists already has it. @param accepted RuntimeConfig::annotations of
/// its creation; they are not judged again.
[[nodiscard]] RuntimeConfig with_accepted_annotations(
    RuntimeConfig config, const std::map<std::string, std::string>& accepted);

/// The same with origins. Annotations that no key of a file stands behind, such as hashes, are
/// settings by their own names.
[[nodiscard]] LoadedConfig with_accepted_annotations(
    LoadedConfig loaded, const std::map<std::string, std::string>& accepted);

}  // namespace kata::sandbox
