// Launching programs of the guest (crun, ps) beside the Reaper, which takes every exit status of
// this process; base::run_process, which waits itself, cannot be used in kata-agent.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "pkg/agent/guest/reaper.h"
#include "pkg/base/deadline.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

/// Scheduling attributes as of sched_setattr(2).
struct SchedulerAttributes {
    unsigned policy = 0;
    unsigned long flags = 0;
    int nice = 0;
    unsigned priority = 0;
    unsigned long runtime = 0;  // nanoseconds, as are deadline and period
    unsigned long deadline = 0;
    unsigned long period = 0;
};

/// What a process gets from the one that forks it and crun does not set.
struct InheritedAttributes {
    std::optional<SchedulerAttributes> scheduler;
    std::optional<int> io_priority;  // as of ioprio_set(2)
    std::optional<int> oom_score_adjustment;
};

struct LaunchSpec {
    std::string program;            // absolute path
    std::string name{};             // for messages; empty: program
    std::vector<std::string> args;  // without argv[0]
    int standard_input = -1;        // -1: /dev/null; borrowed for the call, as are the next two
    int standard_output = -1;
    int standard_error = -1;
    bool controlling_terminal = false;  // standard input is a terminal that becomes its own
    InheritedAttributes attributes;
};

/// Starts a program; the caller watches its pid and holds a Reaper::Hold.
/// @throws base::Error if it cannot be started.
[[nodiscard]] pid_t launch(const LaunchSpec& spec, Reaper& reaper);

/// launch() and wait. At the deadline the program is killed. @return its exit code.
/// @throws base::Error timeout, or if it cannot be started.
int launch_and_wait(const LaunchSpec& spec, Reaper& reaper, base::Deadline deadline);

}  // namespace kata::agent::guest
