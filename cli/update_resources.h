// The flags of `update` as an OCI linux.resources object. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "cli/options.h"

namespace kata::cli {

/// @throws base::Error invalid_argument: `invalid value for cpu-quota: "x"`.
[[nodiscard]] std::string update_resources_json(const UpdateFlags& flags);

/// "-1", "4096", "512m", "1.5GiB": a number and one of b, k, m, g, t, p, each the 1024th of the
/// next.
/// @throws base::Error invalid_argument.
[[nodiscard]] std::int64_t parse_bytes(const std::string& text);

}  // namespace kata::cli
