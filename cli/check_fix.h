// kata-check --fix: the safe repairs among the findings, carried out one by one after asking.
#pragma once

#include <vector>

#include "pkg/host/checks.h"

namespace kata::cli {

/// Asks on standard error and reads the answer from standard input, unless `yes`. What failed is
/// said on standard error; the checks that follow show what is still wrong.
/// @return how many were carried out
std::size_t fix_findings(const std::vector<host::Result>& results, bool yes);

}  // namespace kata::cli
