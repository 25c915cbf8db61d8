#include "pkg/agent/guest/oom.h"

#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/agent/guest/stats.h"
#include "pkg/base/error.h"

namespace kata::agent::guest {

OomEvents::OomEvents(EventLoop& loop)
    : loop_(loop), inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (!inotify_.valid()) {
        throw base::errno_error("watch", "the memory of containers", errno);
    }
    watch_ = loop.watch(inotify_.ref(), EPOLLIN, [this](std::uint32_t) { receive(); });
}

void OomEvents::watch(const std::string& container_id, const Cgroup& cgroup) {
    loop_.post([this, container_id, cgroup] { add(container_id, cgroup); });
}

void OomEvents::forget(const std::string& container_id) {
    loop_.post([this, container_id] { remove(container_id); });
}

void OomEvents::add(const std::string& container_id, const Cgroup& cgroup) {
    const std::string file = (cgroup.directory() / "memory.events").native();
    const int descriptor = ::inotify_add_watch(inotify_.get(), file.c_str(), IN_MODIFY);
    if (descriptor < 0) {
        // A container that has ended already has no group to watch.
        if (errno != ENOENT) {
            log_error(base::errno_error("watch", file, errno).what());
        }
        return;
    }
    watched_[descriptor] = {container_id, cgroup};
    look_at(watched_[descriptor]);
}

void OomEvents::remove(const std::string& container_id) {
    std::erase_if(watched_, [&](const auto& entry) {
        if (entry.second.container_id != container_id) {
            return false;
        }
        ::inotify_rm_watch(inotify_.get(), entry.first);
        return true;
    });
}

std::uint64_t OomEvents::wait(const std::string& container_id,
                              std::uint64_t seen,
                              Handler handler) {
    const std::uint64_t number = next_number_++;
    waiters_[number] = {container_id, seen, std::move(handler)};
    for (const auto& [descriptor, watched] : watched_) {
        if (watched.container_id == container_id) {
            look_at(watched);
        }
    }
    return number;
}

void OomEvents::receive() {
    alignas(inotify_event) std::array<char, 4096> buffer{};
    ssize_t count = 0;
    while ((count = ::read(inotify_.get(), buffer.data(), buffer.size())) > 0) {
        for (ssize_t at = 0; at < count;) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            at += static_cast<ssize_t>(sizeof event + event.len);
            const auto found = watched_.find(event.wd);
            if (found != watched_.end()) {
                look_at(found->second);
            }
        }
    }
}

// The file also changes when memory was only reclaimed. A handler may cancel any wait.
void OomEvents::look_at(const Watched& watched) {
    const std::uint64_t kills = out_of_memory_kills(watched.cgroup);
    std::vector<Handler> due;
    std::erase_if(waiters_, [&](const auto& entry) {
        const Waiter& waiter = entry.second;
        if (waiter.container_id != watched.container_id || waiter.seen >= kills) {
            return false;
        }
        due.push_back(waiter.handler);
        return true;
    });
    for (const Handler& handler : due) {
        handler(kills);
    }
}

}  // namespace kata::agent::guest
