// OomEvents: notices when the kernel kills a process of a container for want of memory, and tells
// whoever waits for that. Who waits says how many kills it knows of, so that none is lost between
// two waits.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "pkg/agent/guest/cgroup.h"
#include "pkg/agent/guest/event_loop.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

class OomEvents {
  public:
    /// @param kills all of the container so far.
    using Handler = std::function<void(std::uint64_t kills)>;

    /// @throws base::Error if the kernel gives no inotify instance.
    explicit OomEvents(EventLoop& loop);

    // From any thread; done on the loop's.

    void watch(const std::string& container_id, const Cgroup& cgroup);
    void forget(const std::string& container_id);

    // On the loop's thread.

    /// Calls `handler` once, as soon as the container has had more than `seen` kills: before this
    /// returns if it has. Of a container that is not watched nothing is ever told.
    /// @return a number for cancel().
    std::uint64_t wait(const std::string& container_id, std::uint64_t seen, Handler handler);
    void cancel(std::uint64_t number) { waiters_.erase(number); }

  private:
    struct Watched {
        std::string container_id;
        Cgroup cgroup;
    };
    struct Waiter {
        std::string container_id;
        std::uint64_t seen = 0;
        Handler handler;
    };
    void add(const std::string& container_id, const Cgroup& cgroup);
    void remove(const std::string& container_id);
    void receive();
    void look_at(const Watched& watched);

    EventLoop& loop_;
    base::UniqueFd inotify_;
    std::map<int, Watched> watched_;  // by watch descriptor
    std::map<std::uint64_t, Waiter> waiters_;
    std::uint64_t next_number_ = 1;
    EventLoop::Watch watch_;
};

}  // namespace kata::agent::guest
