// InputStream: the writing end of a process's standard input (or its terminal). It has at most one
// writer, takes one chunk at a time and says when the process's pipe has all of it: that is the
// back-pressure. Loop thread only. Owns the descriptor.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "pkg/agent/guest/event_loop.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

class InputStream : public std::enable_shared_from_this<InputStream> {
  public:
    enum class Outcome { written, nobody_reads };
    using Done = std::function<void(Outcome)>;

    InputStream(EventLoop& loop, base::UniqueFd fd, bool terminal);

    /// Makes the caller the writer. `on_nobody_reads` is called when nobody will read any more, at
    /// once if so already.
    /// @throws base::Error invalid_state if there is another writer.
    void attach(std::function<void()> on_nobody_reads);
    /// The writer goes away: what the process has not taken of its chunk is lost, and no handler of
    /// its own is called any more.
    void detach();

    /// Writes all of `data`, then calls `done` on the loop's thread, perhaps before returning. One
    /// at a time.
    void write(std::string data, Done done);

    /// End of input. A terminal stays open: its end would hang the process up.
    void close();

    /// The process has ended: whoever waits in write() learns that nobody reads.
    void finish();

  private:
    void pump();
    void give_up();

    EventLoop& loop_;
    base::UniqueFd fd_;
    bool terminal_;
    bool attached_ = false;
    bool nobody_reads_ = false;
    std::string pending_;
    Done done_;
    std::function<void()> on_nobody_reads_;
    EventLoop::Watch watch_;
};

}  // namespace kata::agent::guest
