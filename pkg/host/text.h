// Taking texts of /proc, /etc and /sys apart. Every function takes what strangers wrote and never
// fails: what does not fit is left out.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kata::host {

[[nodiscard]] std::string_view trimmed(std::string_view text);
[[nodiscard]] std::vector<std::string> lines_of(std::string_view text);
/// Separated by blanks.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view text);

/// The value of the first line `key<separator>value`, trimmed and without quotes. Lines that begin
/// with # are none.
[[nodiscard]] std::optional<std::string> value_of(std::string_view text,
                                                  std::string_view key,
                                                  char separator);

/// The whole file; empty if it cannot be read.
[[nodiscard]] std::string text_of(const std::filesystem::path& file);

/// Without exceptions: a path that cannot be looked at does not exist.
[[nodiscard]] bool is_there(const std::filesystem::path& path);

/// The names in a directory, sorted; none if it cannot be read.
[[nodiscard]] std::vector<std::string> names_in(const std::filesystem::path& directory);

}  // namespace kata::host
