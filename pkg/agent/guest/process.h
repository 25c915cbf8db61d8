// Process: one process of a container that somebody asked for (its init or an exec): its streams,
// its signals and its end. The end is told only after the bytes written before it have reached
// their readers. It does not start the process (ContainerRuntime does) nor wait for it (Reaper
// does).
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "pkg/agent/guest/event_loop.h"
#include "pkg/agent/guest/input_stream.h"
#include "pkg/agent/guest/output_stream.h"
#include "pkg/agent/guest/process_io.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

class Process : public std::enable_shared_from_this<Process> {
    struct Key {
        explicit Key() = default;
    };

  public:
    /// Through make() only, which alone has a key.
    Process(Key key, EventLoop& loop, pid_t pid);

    using WaitHandler = std::function<void(int exit_code)>;

    /// @param pid of a process whose exit will come through on_exit().
    [[nodiscard]] static std::shared_ptr<Process> make(EventLoop& loop, pid_t pid, ProcessIo io);

    // From any thread.

    /// @throws base::Error not_found "no such process" if it has ended.
    void signal(int signal) const;
    /// The status reported if the next thing that happens is the process's end (see
    /// Container::signal).
    void report_exit_as(int exit_code) { reported_exit_ = exit_code; }
    /// Sets the size of the terminal; 0x0, which engines send before they know it, changes nothing.
    /// @throws base::Error invalid_state without a terminal.
    void resize(std::uint16_t rows, std::uint16_t columns) const;
    [[nodiscard]] bool ended() const { return ended_; }
    /// The kernel has killed a process of the container for want of memory. Before note_exit().
    void note_out_of_memory() { out_of_memory_ = true; }
    [[nodiscard]] bool out_of_memory() const { return out_of_memory_; }
    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Marks the end and finishes the streams. Called once, by the reaper.
    void note_exit(int exit_code);

    // On the loop's thread.

    [[nodiscard]] const std::shared_ptr<InputStream>& input() const { return input_; }
    [[nodiscard]] const std::shared_ptr<OutputStream>& output() const { return output_; }
    [[nodiscard]] const std::shared_ptr<OutputStream>& error() const { return error_; }

    /// Calls `handler` once the process has ended and its attached readers have everything; perhaps
    /// at once.
    /// @return a number for cancel_wait().
    std::uint64_t wait(WaitHandler handler);
    /// @return whether the wait was still unanswered; its handler will not be called.
    bool cancel_wait(std::uint64_t number);

  private:
    void finish_streams(int exit_code);
    void answer_waiters();

    struct Waiter {
        std::uint64_t number;
        WaitHandler handler;
    };

    EventLoop& loop_;
    const pid_t pid_;
    base::UniqueFd pidfd_;     // invalid: it had ended before we came
    base::UniqueFd terminal_;  // a copy of the master, for resize()
    std::atomic<bool> ended_ = false;
    std::atomic<bool> out_of_memory_ = false;
    std::atomic<int> reported_exit_ = -1;
    std::shared_ptr<InputStream> input_;
    std::shared_ptr<OutputStream> output_;
    std::shared_ptr<OutputStream> error_;
    std::optional<int> exit_code_;  // loop thread, as the next two
    std::vector<Waiter> waiters_;
    std::uint64_t next_number_ = 1;
};

}  // namespace kata::agent::guest
