// The layout of help pages: words and lists in, text out. Pure; which options there are is known to
// options.cpp, the words are those of command_text.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command_text.h"

namespace kata::cli {

/// One option of a help page.
struct OptionText {
    std::string names;  // "--bundle DIR, -b DIR"
    std::string description;
};

[[nodiscard]] std::string command_help(const CommandText& command,
                                       const std::vector<OptionText>& options);

[[nodiscard]] std::string program_help(const std::vector<OptionText>& options);

}  // namespace kata::cli
