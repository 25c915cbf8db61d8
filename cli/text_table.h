// A table for people, with blanks between its columns. Pure; it knows nothing of what is in it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace kata::cli {

using TextRow = std::vector<std::string>;

/// Columns as wide as their longest cell and three blanks, counted in characters, not in bytes, of
/// UTF-8; the last one ends with its text.
/// @param rows all with as many cells as the first. @param min_width of each column.
[[nodiscard]] std::string text_table(const std::vector<TextRow>& rows, std::size_t min_width);

}  // namespace kata::cli
