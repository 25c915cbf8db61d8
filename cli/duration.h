// Spans of time as Go programs write them on a command line: "5s", "1m30s", "250ms".
#pragma once

#include <chrono>
#include <string>

namespace kata::cli {

/// @return rounded up to milliseconds. @throws base::Error invalid_argument for what is no span, or
/// not longer than 0.
[[nodiscard]] std::chrono::milliseconds parse_duration(const std::string& text);

}  // namespace kata::cli
