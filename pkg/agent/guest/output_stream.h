// OutputStream: what a process writes to one of its pipes (or its terminal), on its way to at most
// one reader. Nothing is read from the pipe before the reader has taken the chunk before, so that a
// slow reader slows its own process down and nobody else. Loop thread only. It owns the descriptor.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "pkg/agent/guest/event_loop.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

class OutputStream : public std::enable_shared_from_this<OutputStream> {
  public:
    /// Somebody who reads the stream. Calls come on the loop's thread.
    class Reader {
      public:
        Reader() = default;
        Reader(const Reader&) = delete;
        Reader& operator=(const Reader&) = delete;
        Reader(Reader&&) = delete;
        Reader& operator=(Reader&&) = delete;
        virtual ~Reader() = default;
        /// Not called again before taken().
        virtual void deliver(std::string chunk) = 0;
        /// No more will come. The reader is detached by then.
        virtual void end() = 0;
    };

    /// @param fd non-blocking; invalid: a stream that has ended (standard error beside a terminal).
    /// @param on_settled called whenever settled() may have become true.
    OutputStream(EventLoop& loop,
                 base::UniqueFd fd,
                 bool terminal,
                 std::function<void()> on_settled);

    /// @throws base::Error invalid_state if another reader is attached.
    void attach(std::shared_ptr<Reader> reader);
    /// The reader went away; a chunk it has not taken is lost with it, and the process gets SIGPIPE
    /// at its next write, as from a pipe (a terminal stays open: its end would hang the process
    /// up).
    void detach(const Reader* reader);
    /// The reader has taken its chunk.
    void taken(const Reader* reader);

    /// The process has ended: what it has written until now is delivered, then the stream ends,
    /// even if a process it left behind still holds the other end.
    void finish();

    /// Nobody waits for bytes of this stream: it has no reader.
    [[nodiscard]] bool settled() const { return !reader_; }

  private:
    void pump();
    void note_blocked();
    void end();
    [[nodiscard]] std::size_t chunk_limit() const;

    EventLoop& loop_;
    base::UniqueFd fd_;
    bool terminal_;
    std::function<void()> on_settled_;
    std::shared_ptr<Reader> reader_;
    bool delivering_ = false;    // the reader has a chunk
    bool finishing_ = false;     // the process has ended
    bool grace_passed_ = false;  // a terminal's late bytes have had their time
    std::size_t left_ = 0;       // bytes to deliver once finishing_
    EventLoop::Watch watch_;
};

}  // namespace kata::agent::guest
