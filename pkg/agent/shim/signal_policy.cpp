#include "pkg/agent/shim/signal_policy.h"

#include <signal.h>

namespace kata::agent {
namespace {

constexpr int kFirstLibrarySignal = 32;
constexpr int kLastLibrarySignal = 33;

bool is_fault(int number) {
    return number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE ||
           number == SIGTRAP || number == SIGSYS;
}

}  // namespace

SignalAction action_for(const SignalEvent& event, pid_t own_pid, bool terminal) {
    const bool sent = event.code <= 0;
    if (event.number == SIGCHLD) {
        return sent ? SignalAction::reap_and_forward : SignalAction::reap;
    }
    if (event.number == SIGWINCH && terminal) {
        return sent ? SignalAction::resize_or_forward : SignalAction::resize;
    }
    if (!sent && is_fault(event.number)) {
        return SignalAction::crash;
    }
    if (sent && event.sender == own_pid) {
        // The kernel's SIGPIPE for a write of ours looks as if we had sent it. Forwarding it would
        // write again, for ever. The other one is abort().
        return event.number == SIGABRT ? SignalAction::crash : SignalAction::ignore;
    }
    return SignalAction::forward;
}

bool is_catchable(int number) {
    if (number == SIGKILL || number == SIGSTOP) {
        return false;
    }
    return number > 0 && number <= kLastSignal &&
           (number < kFirstLibrarySignal || number > kLastLibrarySignal);
}

}  // namespace kata::agent
