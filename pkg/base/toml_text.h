// What has to be known of a text before a TOML parser may see it. toml++ asks of every character
// outside of strings whether it is white space, and its answer for those beyond ASCII is undefined
// behaviour (3.3, found by fuzzing; also where a string of several lines skips white space). Such a
// text is no TOML, or can be written with \u.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace kata::base {

/// @return the line, from 1, of the first character beyond ASCII that is neither in a comment nor
/// in a string on one line; nullopt: the text may be parsed.
[[nodiscard]] std::optional<std::size_t> line_of_foreign_character(std::string_view toml);

inline constexpr const char* kForeignCharacter =
    "a character that is not ASCII stands outside of comments and of strings on one line; put it "
    "in quotes, or write it as \\uXXXX";

}  // namespace kata::base
