// What a stranger has named, as messages show it: in quotes, printable, and not too long.
#pragma once

#include <cstddef>
#include <string>

#include "pkg/base/error.h"

namespace kata::base {

[[nodiscard]] inline std::string quoted(const std::string& text) {
    constexpr std::size_t kLongestShown = 256;
    return "\"" + printable(text, kLongestShown) + "\"";
}

}  // namespace kata::base
