// Facts about processes, read from /proc. A process in state Z (zombie) or X counts as dead.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace kata::base {

/// Names one process for ever: a pid is recycled, pid + start time is not (within one boot).
struct ProcessId {
    pid_t pid = 0;                 // 0: none
    std::uint64_t start_time = 0;  // field 22 of /proc/<pid>/stat, clock ticks since boot

    bool operator==(const ProcessId&) const = default;
};

/// The identity of a living process; nullopt if it is gone or dead.
[[nodiscard]] std::optional<ProcessId> find_process(pid_t pid);

/// Whether exactly this process still lives.
[[nodiscard]] bool is_alive(const ProcessId& process);

/// Sends `signal` if exactly this process still lives (through a pidfd, so never to a successor).
/// @return false if it is gone. @throws Error for other failures.
bool send_signal(const ProcessId& process, int signal);

/// Kills what is left of the session that `leader` began: itself and the children that stayed in
/// it, and nobody else. Safe to repeat. @throws Error if a signal cannot be sent.
void kill_session(const ProcessId& leader);

}  // namespace kata::base
