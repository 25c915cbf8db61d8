// WorkerPool: threads for work that may block (crun, mounts), so that neither gRPC's threads nor
// the event loop ever do. A thread is added when all are busy, up to a limit; then work waits its
// turn.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace kata::agent::guest {

class WorkerPool {
  public:
    explicit WorkerPool(std::size_t max_threads) : max_threads_(max_threads) {}
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;
    WorkerPool(WorkerPool&&) = delete;
    WorkerPool& operator=(WorkerPool&&) = delete;
    /// Finishes what was given to it.
    ~WorkerPool();

    /// Runs `work`, which does not throw, on one of the threads. From any thread.
    void run(std::function<void()> work);

  private:
    void work();

    const std::size_t max_threads_;
    std::mutex mutex_;
    std::condition_variable more_;
    std::deque<std::function<void()>> queue_;
    std::size_t idle_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace kata::agent::guest
