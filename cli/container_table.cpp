#include "cli/container_table.h"

#include <algorithm>
#include <array>

#include "pkg/base/error.h"

namespace kata::cli {
namespace {

constexpr std::size_t kMinWidth = 12;
constexpr std::size_t kPadding = 3;
constexpr std::size_t kColumns = 6;
using Row = std::array<std::string, kColumns>;

Row row_of(const oci::ContainerSummary& container) {
    return {container.id,
            std::to_string(container.pid),
            std::string(oci::to_string(container.status)),
            base::printable(container.bundle),
            oci::rfc3339_nano(container.created),
            container.owner};
}

/// Columns are counted in characters, not in bytes, of UTF-8.
std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string container_table(const std::vector<oci::ContainerSummary>& containers) {
    std::vector<Row> rows = {{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
    std::ranges::transform(containers, std::back_inserter(rows), row_of);

    std::array<std::size_t, kColumns> widths{};
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < kColumns; ++i) {
            widths[i] = std::max({widths[i], characters(row[i]) + kPadding, kMinWidth});
        }
    }
    std::string table;
    for (const Row& row : rows) {
        for (std::size_t i = 0; i + 1 < kColumns; ++i) {
            table.append(row[i]).append(widths[i] - characters(row[i]), ' ');
        }
        table.append(row.back()).append("\n");
    }
    return table;
}

}  // namespace kata::cli
