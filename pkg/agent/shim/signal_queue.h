// SignalQueue: handlers for every catchable signal, which put what they get into a pipe; next()
// takes it out in the order of arrival. Handlers, not a signalfd: the first process of a pid
// namespace gets no signal it has no handler for, and others look at SigCgt.
//
// A process has at most one of these at a time. The destructor puts the old handlers back.
#pragma once

#include <signal.h>

#include <array>
#include <optional>

#include "pkg/agent/shim/signal_policy.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent {

class SignalQueue {
  public:
    /// Installs the handlers and empties the signal mask of the calling thread.
    /// @throws base::Error if the pipe cannot be made.
    SignalQueue();
    SignalQueue(const SignalQueue&) = delete;
    SignalQueue& operator=(const SignalQueue&) = delete;
    SignalQueue(SignalQueue&&) = delete;
    SignalQueue& operator=(SignalQueue&&) = delete;
    ~SignalQueue();

    /// Waits for the next signal. nullopt once `stop` is readable.
    [[nodiscard]] std::optional<SignalEvent> next(base::FdRef stop);

  private:
    base::UniqueFd read_end_;
    base::UniqueFd write_end_;
    std::array<struct sigaction, kLastSignal + 1> old_actions_{};
};

/// Blocks every signal in the calling thread for its life, so that threads started meanwhile never
/// run a handler.
class BlockedSignals {
  public:
    BlockedSignals();
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;
    BlockedSignals(BlockedSignals&&) = delete;
    BlockedSignals& operator=(BlockedSignals&&) = delete;
    ~BlockedSignals();

  private:
    sigset_t old_mask_;
};

}  // namespace kata::agent
