// The table that `list` shows: columns as wide as their longest cell and three blanks, twelve at
// least, as scripts know it of runc. Pure.
#pragma once

#include <string>
#include <vector>

#include "pkg/oci/state.h"

namespace kata::cli {

/// A header line, then one line for each container.
[[nodiscard]] std::string container_table(const std::vector<oci::ContainerSummary>& containers);

}  // namespace kata::cli
