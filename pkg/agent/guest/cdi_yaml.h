// The only includer of yaml-cpp: specifications of CDI, which vendors' programs write as YAML.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace kata::agent::guest {

/// The same document as JSON. YAML's words have no types: those of CDI's number fields are numbers,
/// all others texts. @throws base::Error invalid_argument, with line and column.
[[nodiscard]] nlohmann::json parse_cdi_yaml(const std::string& text);

}  // namespace kata::agent::guest
