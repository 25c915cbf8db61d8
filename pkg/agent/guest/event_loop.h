// EventLoop: one thread that waits for descriptors, timers and posted tasks, and runs their
// handlers one after the other. What is confined to this thread needs no locks: ports, streams of
// processes, exits. It is not a thread pool: a handler that blocks stops the conversation of every
// port (see WorkerPool).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

class EventLoop {
  public:
    using Task = std::function<void()>;
    using Handler = std::function<void(std::uint32_t epoll_events)>;
    using Clock = std::chrono::steady_clock;

    /// A registration; its end (on the loop's thread, before the descriptor is closed) is the end
    /// of the calls.
    class Watch {
      public:
        Watch() = default;
        Watch(EventLoop& loop, int fd, std::uint64_t key) : loop_(&loop), fd_(fd), key_(key) {}
        Watch(Watch&& other) noexcept;
        Watch& operator=(Watch&& other) noexcept;
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        ~Watch() { reset(); }
        void reset() noexcept;

      private:
        EventLoop* loop_ = nullptr;
        int fd_ = -1;
        std::uint64_t key_ = 0;
    };

    EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    EventLoop(EventLoop&&) = delete;
    EventLoop& operator=(EventLoop&&) = delete;
    ~EventLoop() = default;

    /// Calls `handler` whenever epoll reports `fd`. Loop thread, or before run().
    /// @param events EPOLLIN and others, EPOLLET included if edges are wanted.
    /// @throws base::Error if the descriptor cannot be polled.
    [[nodiscard]] Watch watch(base::FdRef fd, std::uint32_t events, Handler handler);

    /// Runs `task` on the loop's thread, after those posted before it. From any thread.
    void post(Task task);

    /// Runs `task` once after `delay`. Loop thread only.
    void call_after(std::chrono::milliseconds delay, Task task);

    /// Runs until stop().
    void run();
    /// From any thread.
    void stop();

  private:
    void run_posted();
    void run_timers();
    [[nodiscard]] int milliseconds_to_next_timer() const;
    void dispatch(std::uint64_t key, std::uint32_t events);

    base::UniqueFd epoll_;
    base::UniqueFd wakeup_;
    std::unordered_map<std::uint64_t, std::shared_ptr<Handler>> handlers_;
    std::multimap<Clock::time_point, Task> timers_;
    std::uint64_t next_key_ = 1;
    std::mutex mutex_;
    std::vector<Task> posted_;  // guarded by mutex_
    bool stopping_ = false;     // loop thread
};

}  // namespace kata::agent::guest
