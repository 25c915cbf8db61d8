// A pipe(7) whose ends are closed at exec and lie above the standard streams, so that a child which
// puts its own there does not overwrite them, even if this process was started with some closed.
#pragma once

#include "pkg/base/unique_fd.h"

namespace kata::base {

struct Pipe {
    UniqueFd read_end;
    UniqueFd write_end;
};

/// @param flags of pipe2(2) beside O_CLOEXEC, for both ends: O_NONBLOCK.
/// @throws Error if no more descriptors are to be had
[[nodiscard]] Pipe make_pipe(int flags = 0);

}  // namespace kata::base
