// Suggestions for a mistyped word.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kata::base {

/// The number of insertions, deletions, changes and swaps of neighbours that make `from` into `to`.
[[nodiscard]] std::size_t edit_distance(std::string_view from, std::string_view to);

/// The word of `known` nearest to `typed`; nullopt if none is near (a third of its letters, and two
/// at least, may differ).
[[nodiscard]] std::optional<std::string> did_you_mean(std::string_view typed,
                                                      const std::vector<std::string_view>& known);

}  // namespace kata::base
