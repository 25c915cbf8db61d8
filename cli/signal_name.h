// Signals as people and engines write them.
#pragma once

#include <string>
#include <string_view>

namespace kata::cli {

/// @param text a number from 1 to 64, or a name in any case with or without SIG: "9", "KILL",
/// "sigterm", "RTMIN+3", "SIGRTMAX-1".
/// @return the number. @throws base::Error invalid_argument `unknown signal "<text>"; ...`
[[nodiscard]] int parse_signal(std::string_view text);

}  // namespace kata::cli
