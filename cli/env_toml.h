// A JSON document written as TOML: tables in the order of the document, keys before inner tables.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace kata::cli {

/// @param document an object of texts, numbers, booleans, arrays of those, and objects. null is
/// left out: TOML has no such value.
[[nodiscard]] std::string toml_text(const nlohmann::ordered_json& document);

}  // namespace kata::cli
