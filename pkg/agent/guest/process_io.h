// The agent's ends of a process's standard streams, and how they are made.
#pragma once

#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

/// Non-blocking. With a terminal all three are its master: input and output are copies, error is
/// invalid.
struct ProcessIo {
    base::UniqueFd input;
    base::UniqueFd output;
    base::UniqueFd error;
    bool terminal = false;
};

/// The process's ends, for the program that starts it; closed once it has started.
struct ProcessStdio {
    base::UniqueFd input;
    base::UniqueFd output;
    base::UniqueFd error;
};

struct StdioPipes {
    ProcessStdio process;
    ProcessIo agent;
};

/// @param bytes that each pipe can hold, rounded up by the kernel; 0: its default.
/// @throws base::Error if the kernel refuses the size.
[[nodiscard]] StdioPipes make_stdio_pipes(unsigned bytes = 0);

/// @param master of a terminal.
[[nodiscard]] ProcessIo io_of_terminal(base::UniqueFd master);

}  // namespace kata::agent::guest
