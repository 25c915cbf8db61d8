#include "cli/text_table.h"

#include <algorithm>

namespace kata::cli {
namespace {

constexpr std::size_t kPadding = 3;

std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string text_table(const std::vector<TextRow>& rows, std::size_t min_width) {
    std::vector<std::size_t> widths(rows.empty() ? 0 : rows.front().size(), min_width);
    for (const TextRow& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], characters(row[i]) + kPadding);
        }
    }
    std::string table;
    for (const TextRow& row : rows) {
        for (std::size_t i = 0; i + 1 < row.size(); ++i) {
            table.append(row[i]).append(widths[i] - characters(row[i]), ' ');
        }
        table.append(row.back()).append("\n");
    }
    return table;
}

}  // namespace kata::cli
