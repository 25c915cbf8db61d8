// OomEvents: notices when the kernel kills a process of a container for want of memory, and tells
// whoever waits for that. An event that nobody waits for is dropped: the count of kills is in the
// container's statistics.
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
    using Handler = std::function<void(const std::string& container_id)>;

    /// @throws base::Error if the kernel gives no inotify instance.
    explicit OomEvents(EventLoop& loop);

    // From any thread; done on the loop's.

    void watch(const std::string& container_id, const Cgroup& cgroup);
    void forget(const std::string& container_id);

    // On the loop's thread.

    /// Calls `handler` once, at the next event. @return a number for cancel().
    std::uint64_t wait(Handler handler);
    void cancel(std::uint64_t number) { waiters_.erase(number); }

  private:
    struct Watched {
        std::string container_id;
        Cgroup cgroup;
        std::uint64_t kills = 0;
    };
    void add(const std::string& container_id, const Cgroup& cgroup);
    void remove(const std::string& container_id);
    void receive();
    void look_at(Watched& watched);

    EventLoop& loop_;
    base::UniqueFd inotify_;
    std::map<int, Watched> watched_;  // by watch descriptor
    std::map<std::uint64_t, Handler> waiters_;
    std::uint64_t next_number_ = 1;
    EventLoop::Watch watch_;
};

}  // namespace kata::agent::guest
