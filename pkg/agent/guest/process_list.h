// The processes of one container as ps(1) shows them.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

#include "pkg/agent/guest/cgroup.h"
#include "pkg/agent/guest/reaper.h"

namespace kata::agent::guest {

/// Runs ps with `args` (default: -ef) and keeps the rows of the group's processes.
/// @throws base::Error invalid_argument if ps refuses the arguments or shows no column PID.
[[nodiscard]] std::string list_processes(Reaper& reaper,
                                         const Cgroup& cgroup,
                                         const std::vector<std::string>& args);

/// The header of `ps_output` and those of its rows whose PID column is in `processes`.
/// @throws base::Error invalid_argument without a column PID.
[[nodiscard]] std::string rows_of_processes(const std::string& ps_output,
                                            const std::set<pid_t>& processes);

}  // namespace kata::agent::guest
