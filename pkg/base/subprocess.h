// Running another program: a passive description (ProcessSpec), and run_process, which waits for
// it. The child gets exactly the environment and descriptors described; everything else is closed.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "pkg/base/deadline.h"
#include "pkg/base/unique_fd.h"

namespace kata::base {

struct ProcessSpec {
    std::string path;                           // absolute path of the program
    std::vector<std::string> args;              // argv, argv[0] included
    std::vector<std::string> env;               // the whole environment, "NAME=value"
    std::string stdin_data;                     // written to its standard input, then closed
    std::vector<std::string> enter_namespaces;  // /proc/<pid>/ns/... files joined before exec
    std::string working_dir;                    // entered after the namespaces; empty: ours
    std::size_t max_output = std::size_t{64}
                             << 10;  // bytes of each stream kept; the rest is dropped
};

struct ProcessResult {
    int exit_code = 0;  // 128 + N after signal N
    bool timed_out = false;
    std::string standard_output;
    std::string standard_error;
};

/// Runs to the end, or kills the child's whole process group at `deadline`.
/// @throws Error if the program cannot be started at all; interrupted if one of the signals of
/// interruption.h came meanwhile, the program being killed then.
[[nodiscard]] ProcessResult run_process(const ProcessSpec& spec, Deadline deadline);

}  // namespace kata::base
