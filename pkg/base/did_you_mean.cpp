#include "pkg/base/did_you_mean.h"

#include <algorithm>

namespace kata::base {

std::size_t edit_distance(std::string_view from, std::string_view to) {
    using Row = std::vector<std::size_t>;
    std::vector<Row> distance(from.size() + 1, Row(to.size() + 1));
    for (std::size_t i = 0; i <= from.size(); ++i) {
        for (std::size_t j = 0; j <= to.size(); ++j) {
            if (i == 0 || j == 0) {
                distance[i][j] = i + j;
                continue;
            }
            const std::size_t change = from[i - 1] == to[j - 1] ? 0 : 1;
            distance[i][j] = std::min(
                {distance[i - 1][j] + 1, distance[i][j - 1] + 1, distance[i - 1][j - 1] + change});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
                distance[i][j] = std::min(distance[i][j], distance[i - 2][j - 2] + 1);
            }
        }
    }
    return distance[from.size()][to.size()];
}

std::optional<std::string> did_you_mean(std::string_view typed,
                                        const std::vector<std::string_view>& known) {
    // The table is quadratic; a word this long is no typing error.
    constexpr std::size_t kLongest = 96;
    if (typed.size() > kLongest) {
        return std::nullopt;
    }
    std::optional<std::string> best;
    std::size_t best_distance = std::max<std::size_t>(typed.size() / 3, 2) + 1;
    for (const std::string_view word : known) {
        const std::size_t distance = edit_distance(typed, word);
        if (distance < best_distance && distance < word.size()) {
            best_distance = distance;
            best = word;
        }
    }
    return best;
}

}  // namespace kata::base
