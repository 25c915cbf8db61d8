// Lists of numbers as Linux writes them for CPUs and NUMA nodes: "0-3,7".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kata::sandbox {

/// The numbers, ascending, each once. Blanks and a line end are allowed. nullopt: not a list, or a
/// number over 4095.
[[nodiscard]] std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text);

}  // namespace kata::sandbox
