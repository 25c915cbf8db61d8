// What a shim does with a signal it got: a pure function, so that every rule can be tested.
//
// A shim stands for the process in the guest: whatever somebody sends to the shim is meant for that
// process. Signals that the kernel made for the shim itself are not.
#pragma once

#include <sys/types.h>

namespace kata::agent {

/// What a signal handler learns. Small enough to be written to a pipe in one piece.
struct SignalEvent {
    int number = 0;
    int code = 0;      // si_code
    pid_t sender = 0;  // si_pid; meaningful when somebody sent it (code <= 0)
};

enum class SignalAction {
    forward,  // to the process in the guest
    ignore,
    reap,               // a child of ours ended
    reap_and_forward,   // SIGCHLD that somebody sent
    resize,             // the terminal has a new size
    resize_or_forward,  // SIGWINCH that somebody sent: forwarded if the size is the old one
    crash,              // the shim itself did something wrong: it must end
};

/// @param own_pid getpid(). @param terminal whether the process has a terminal whose size we
/// follow.
[[nodiscard]] SignalAction action_for(const SignalEvent& event, pid_t own_pid, bool terminal);

/// Whether a program may handle this signal: all of 1 to 64 but SIGKILL, SIGSTOP and the two the C
/// library keeps for itself.
[[nodiscard]] bool is_catchable(int number);

inline constexpr int kLastSignal = 64;

}  // namespace kata::agent
