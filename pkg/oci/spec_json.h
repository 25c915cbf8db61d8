// Reading OCI JSON: text of a stranger -> Spec or Process. It checks form (JSON, types, sizes), not
// meaning (spec_validate.h). The specification's rule for unknown properties holds: they are kept
// and not looked at. `null` counts as absent, as in Go. Refused, because two readers could
// understand them differently: a key written twice, NUL in a string, invalid UTF-8, nesting deeper
// than kMaxNesting.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "pkg/oci/spec.h"

namespace kata::oci {

inline constexpr std::size_t kMaxNesting = 512;

/// @param text a whole config.json. @param origin the file's name, for messages.
/// @throws base::Error invalid_argument `cannot parse "<origin>": line 3, column 7: <cause>` or
/// `cannot use "<origin>": process.args[1] must be a string, not a number`.
[[nodiscard]] Spec parse_spec(std::string_view text, const std::string& origin);

/// @param text an OCI `process` object, as `exec --process` is given it. Errors as for parse_spec.
[[nodiscard]] Process parse_process(std::string_view text, const std::string& origin);

/// @param text an OCI `linux.resources` object, as `update --resources` is given it. Errors as
/// above.
[[nodiscard]] Resources parse_resources(std::string_view text, const std::string& origin);

/// Any JSON text under the same limits. @throws base::Error as parse_spec.
[[nodiscard]] nlohmann::json parse_json(std::string_view text, const std::string& origin);

}  // namespace kata::oci
