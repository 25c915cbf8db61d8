// The configuration in force written out, as TOML that could be a configuration file itself, or as
// JSON; with where each key comes from, if that is asked for.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "pkg/sandbox/config/load.h"

namespace kata::cli {

/// @param origins behind each key a comment: the file and line, the annotation, or "default".
[[nodiscard]] std::string config_toml(const sandbox::LoadedConfig& loaded, bool origins);

/// {section: {key: value}}, sections by their dotted names. @param origins {"value", "file",
/// "line", "effective"} in the place of the value, with "annotation" where it is one; file is null
/// for that and for a default.
[[nodiscard]] nlohmann::ordered_json config_json(const sandbox::LoadedConfig& loaded, bool origins);

/// What `config check` says of a file that can be used.
[[nodiscard]] std::string config_findings(const sandbox::LoadedConfig& loaded);

}  // namespace kata::cli
