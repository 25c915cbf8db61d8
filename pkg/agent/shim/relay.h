// Relay: the shim's work once its container exists: carries standard input, output and error,
// signals and the terminal's size between this host and one process in the guest, until that
// process ends.
//
// One blocking thread for each direction, so that a reader or writer that stalls stalls nobody
// else. It does not own the standard descriptors or the signal queue. The destructor stops every
// thread; a thread that is blocked in a write to a reader that never reads can be ended only with
// the process.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "pkg/agent/client/process_client.h"
#include "pkg/agent/shim/relay_progress.h"
#include "pkg/agent/shim/signal_queue.h"
#include "pkg/agent/shim/stdio.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent {

/// Descriptors of the host's side: 0, 1 and 2 in kata-shim.
struct StandardFds {
    int input = 0;
    int output = 1;
    int error = 2;
    int null = -1;  // /dev/null, which takes the place of `input` when the process no longer reads
};

struct RelayOptions {
    bool terminal = false;  // the process has a terminal: one output, and sizes to follow
    bool own_terminal =
        false;  // the host's end is our controlling terminal, whose mode we keep raw
    std::chrono::milliseconds idle_limit{1000};  // see relay_progress.h
};

class Relay {
  public:
    /// Exit status when the connection broke: as after SIGKILL, which is what happened to the
    /// process.
    static constexpr int kStatusUnknown = 137;

    /// Starts relaying. Signals that `signals` has collected already are forwarded first.
    Relay(ProcessClient& process, StandardFds fds, SignalQueue& signals, RelayOptions options);
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    Relay(Relay&&) = delete;
    Relay& operator=(Relay&&) = delete;
    ~Relay();

    /// Waits until the process has ended and its output has been written out.
    /// @return its exit status (128 + signal number after a signal), or kStatusUnknown.
    [[nodiscard]] int wait();

  private:
    void relay_input();
    void relay_output(OutputStream& stream, RelayProgress::Output output, int fd);
    void relay_signals();
    void await_process();

    void serve_signal(const SignalEvent& event);
    void forward(int number);
    bool send_size();
    void abandon_input() const;

    ProcessClient& process_;
    StandardFds fds_;
    SignalQueue& signals_;
    RelayOptions options_;
    RelayProgress progress_;
    std::optional<TerminalSize> size_;
    base::UniqueFd stop_;
    std::unique_ptr<InputStream> input_;
    std::unique_ptr<OutputStream> output_;
    std::unique_ptr<OutputStream> error_;
    std::vector<std::thread> threads_;
};

}  // namespace kata::agent
