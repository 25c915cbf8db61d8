// How the results of the checks are shown. Pure: results in, text out.
#pragma once

#include <string>
#include <vector>

#include "pkg/host/checks.h"

namespace kata::cli {

/// One line for each result, and for what is not a pass the command that repairs it below.
/// @param verbose each property that was looked at has a line, too
[[nodiscard]] std::string check_report_text(const std::vector<host::Result>& results, bool verbose);

/// {"capable", "checks": [{id, title, verdict, text, fix, fixIsSafe}]}
[[nodiscard]] std::string check_report_json(const std::vector<host::Result>& results);

}  // namespace kata::cli
