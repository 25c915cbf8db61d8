// Running a workload in the foreground: this process stands in for it at a terminal or a script.
// Signals go to the workload's kata-shim, the terminal is raw meanwhile, and the exit status is the
// workload's.
//
// The workload's bytes do not pass through here: kata-shim has our standard streams.
#pragma once

#include <termios.h>

#include "pkg/base/process.h"
#include "pkg/base/unique_fd.h"

namespace kata::cli {

/// Puts a terminal into raw mode and restores it at the end of the scope.
class RawTerminal {
  public:
    /// @throws base::Error if `terminal` is none.
    explicit RawTerminal(base::FdRef terminal);
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    RawTerminal(RawTerminal&&) = delete;
    RawTerminal& operator=(RawTerminal&&) = delete;
    ~RawTerminal();

  private:
    base::FdRef terminal_;
    struct termios saved_ {};
};

/// Catches every catchable signal of this process for as long as it lives, and passes them on. One
/// at a time.
class SignalRelay {
  public:
    SignalRelay();
    SignalRelay(const SignalRelay&) = delete;
    SignalRelay& operator=(const SignalRelay&) = delete;
    SignalRelay(SignalRelay&&) = delete;
    SignalRelay& operator=(SignalRelay&&) = delete;
    ~SignalRelay();

    /// Passes signals on to `child` until it has ended, those that came before this call first.
    /// @param child a child of this process, or one it adopts as subreaper.
    /// @return its exit status, 128+N after signal N.
    [[nodiscard]] int wait_for(const base::ProcessId& child);

  private:
    base::UniqueFd read_end_;
    base::UniqueFd write_end_;
};

/// From now on orphaned descendants become children of this process.
void adopt_orphans();

/// @throws base::Error invalid_argument if standard input is no terminal that a workload could use.
void require_own_terminal();

}  // namespace kata::cli
