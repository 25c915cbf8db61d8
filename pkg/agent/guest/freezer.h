// The freezer of a cgroup v2 group: its processes stop where they are, and go on as if nothing had
// been. A frozen process can still be killed.
#pragma once

#include "pkg/agent/guest/cgroup.h"
#include "pkg/base/deadline.h"

namespace kata::agent::guest {

/// Returns when all of the group have stopped, or go on again. Freezing what is frozen is fine.
/// @throws base::Error invalid_state if the group is gone, timeout if a process does not stop; the
/// group then runs on.
void set_frozen(const Cgroup& cgroup, bool frozen, base::Deadline deadline);

}  // namespace kata::agent::guest
