// Telling engines that a container ran out of memory. They watch the memory cgroup of the kata-shim
// on the host (docker and containerd: memory.oom_control or memory.events; conmon the same), and
// the guest's kernel, which has killed the process, touches nothing there. So the shim has one
// allocation of its own refused in that cgroup, before it ends.
//
// cgroup v1: for some milliseconds the cgroup's limit is its present usage and its OOM killer is
// off, so that nobody is killed and whoever else allocates there waits; a child of the shim
// allocates, which is the event, and is ended. cgroup v2 counts kills only: there the child, the
// first that the kernel chooses, is killed. Everything is put back; without success nothing is left
// changed and the engine does not learn it.
#pragma once

#include "pkg/base/unique_fd.h"

namespace kata::agent {

/// Takes a second at most, also if the kernel does not do its part.
/// @param memory_cgroup the directory, of v1's memory hierarchy or of v2. @param host_proc a /proc,
/// for the child's oom_score_adj.
/// @return whether the event has happened.
bool tell_out_of_memory(base::FdRef memory_cgroup, base::FdRef host_proc) noexcept;

}  // namespace kata::agent
