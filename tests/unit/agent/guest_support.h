// What several tests of the guest side share: a loop on a thread of its own, and pairs of sockets.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "pkg/agent/guest/event_loop.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

class LoopThread {
  public:
    LoopThread() : thread_([this] { loop.run(); }) {}
    LoopThread(const LoopThread&) = delete;
    LoopThread& operator=(const LoopThread&) = delete;
    LoopThread(LoopThread&&) = delete;
    LoopThread& operator=(LoopThread&&) = delete;
    ~LoopThread() { stop(); }

    void stop() {
        if (thread_.joinable()) {
            loop.stop();
            thread_.join();
        }
    }

    /// Runs `task` on the loop's thread and waits for it.
    void run(const EventLoop::Task& task) {
        std::promise<void> done;
        loop.post([&] {
            task();
            done.set_value();
        });
        done.get_future().wait();
    }

    EventLoop loop;

  private:
    std::thread thread_;
};

struct StreamPair {
    base::UniqueFd host;   // blocking
    base::UniqueFd guest;  // non-blocking
};

inline StreamPair make_streams() {
    int fds[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ::fcntl(fds[1], F_SETFL, O_NONBLOCK);
    return {base::UniqueFd(fds[0]), base::UniqueFd(fds[1])};
}

/// Reads until `size` bytes came or the other end closed; waits where the descriptor does not
/// block.
inline std::string read_exactly(base::FdRef fd, std::size_t size) {
    std::string data(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        pollfd polled{fd.get(), POLLIN, 0};
        ::poll(&polled, 1, -1);
        const ssize_t count = ::read(fd.get(), data.data() + done, size - done);
        if (count <= 0) {
            break;
        }
        done += static_cast<std::size_t>(count);
    }
    data.resize(done);
    return data;
}

}  // namespace kata::agent::guest
