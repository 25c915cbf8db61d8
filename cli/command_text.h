// The words about each command: what --help shows around the list of options, how many arguments
// the command takes, and which commands do not exist. Passive data; options are in options.cpp.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string_view>

namespace kata::cli {

struct CommandText {
    std::string_view name;
    std::string_view arguments;  // as shown in USAGE; a line for each form
    std::size_t min_arguments = 0;
    std::size_t max_arguments = 0;
    std::string_view summary;      // one line
    std::string_view description;  // lines of at most 77 columns
};

inline constexpr std::size_t kAnyNumber = std::numeric_limits<std::size_t>::max();

/// In the order of the help.
[[nodiscard]] std::span<const CommandText> command_texts();

/// nullptr: no such command. "h", "check" and "env" are short for help, kata-check and kata-env.
[[nodiscard]] const CommandText* find_command(std::string_view name);

/// Commands that other OCI runtimes have and this one does not have yet.
[[nodiscard]] bool is_unavailable_command(std::string_view name);

/// What the program's own help says before and after its lists.
[[nodiscard]] std::string_view program_description();
[[nodiscard]] std::string_view program_examples();

}  // namespace kata::cli
