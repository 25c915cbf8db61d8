// Values of configuration keys: which ones a key takes, in words and as a check, and how they are
// written in TOML and in annotations.
#pragma once

#include <optional>
#include <string>

#include "pkg/sandbox/config/key.h"

namespace kata::sandbox {

/// What follows "must be": "true or false", "a whole number from 0 to 16", "\"q35\" or \"pc\"".
[[nodiscard]] std::string allowed_values(const ConfigKey& key);

/// Whether the key takes this value.
[[nodiscard]] bool takes_value(const ConfigKey& key, const ConfigValue& value);

/// What is used instead of a value that is taken and not served: "\"bridged\" is not served,
/// \"tcfilter\" is used"; empty: the value is served.
[[nodiscard]] std::string about_stand_in(const ConfigKey& key, const ConfigValue& value);

/// The value as TOML writes it.
[[nodiscard]] std::string toml_text(const ConfigValue& value);

/// A string as TOML writes it, quotes included.
[[nodiscard]] std::string toml_quoted(const std::string& text);

/// What an annotation's text means for the key: numbers in base 10, "true" and "false" as Go reads
/// them, lists as that key's own form has it. nullopt: it is none of the key's values.
[[nodiscard]] std::optional<ConfigValue> parse_annotation_value(const ConfigKey& key,
                                                                const std::string& text);

/// `theirs` behind `ours`, of which the kernel parameters that `theirs` names again are dropped.
[[nodiscard]] std::string merge_kernel_parameters(const std::string& ours,
                                                  const std::string& theirs);

}  // namespace kata::sandbox
