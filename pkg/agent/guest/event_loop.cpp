#include "pkg/agent/guest/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

constexpr std::uint64_t kWakeupKey = 0;

void add_to_epoll(const base::UniqueFd& epoll, int fd, std::uint32_t events, std::uint64_t key) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = key;
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        throw base::errno_error("watch", "descriptor " + std::to_string(fd), errno);
    }
}

}  // namespace

EventLoop::Watch::Watch(Watch&& other) noexcept
    : loop_(std::exchange(other.loop_, nullptr)), fd_(other.fd_), key_(other.key_) {}

EventLoop::Watch& EventLoop::Watch::operator=(Watch&& other) noexcept {
    if (this != &other) {
        reset();
        loop_ = std::exchange(other.loop_, nullptr);
        fd_ = other.fd_;
        key_ = other.key_;
    }
    return *this;
}

void EventLoop::Watch::reset() noexcept {
    if (loop_ != nullptr) {
        ::epoll_ctl(loop_->epoll_.get(), EPOLL_CTL_DEL, fd_, nullptr);
        loop_->handlers_.erase(key_);
        loop_ = nullptr;
    }
}

EventLoop::EventLoop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!epoll_.valid() || !wakeup_.valid()) {
        throw base::errno_error("create", "an event loop", errno);
    }
    add_to_epoll(epoll_, wakeup_.get(), EPOLLIN, kWakeupKey);
}

EventLoop::Watch EventLoop::watch(base::FdRef fd, std::uint32_t events, Handler handler) {
    const std::uint64_t key = next_key_++;
    add_to_epoll(epoll_, fd.get(), events, key);
    handlers_[key] = std::make_shared<Handler>(std::move(handler));
    return Watch(*this, fd.get(), key);
}

void EventLoop::post(Task task) {
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(task));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wakeup_.get(), &one, sizeof one);
}

void EventLoop::call_after(std::chrono::milliseconds delay, Task task) {
    timers_.emplace(Clock::now() + delay, std::move(task));
}

void EventLoop::stop() {
    post([this] { stopping_ = true; });
}

void EventLoop::run_posted() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = ::read(wakeup_.get(), &count, sizeof count);
    std::vector<Task> tasks;
    {
        const std::lock_guard lock(mutex_);
        tasks.swap(posted_);
    }
    for (const Task& task : tasks) {
        task();
    }
}

void EventLoop::run_timers() {
    while (!timers_.empty() && timers_.begin()->first <= Clock::now()) {
        const Task task = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
        task();
    }
}

int EventLoop::milliseconds_to_next_timer() const {
    if (timers_.empty()) {
        return -1;
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - Clock::now());
    return left.count() > 0 ? static_cast<int>(left.count()) : 0;
}

void EventLoop::dispatch(std::uint64_t key, std::uint32_t events) {
    if (key == kWakeupKey) {
        run_posted();
        return;
    }
    // A handler earlier in the same batch may have ended this registration.
    const auto found = handlers_.find(key);
    if (found != handlers_.end()) {
        const std::shared_ptr<Handler> handler = found->second;
        (*handler)(events);
    }
}

void EventLoop::run() {
    std::array<epoll_event, 64> events{};
    while (!stopping_) {
        const int count = ::epoll_wait(epoll_.get(),
                                       events.data(),
                                       static_cast<int>(events.size()),
                                       milliseconds_to_next_timer());
        if (count < 0 && errno != EINTR) {
            throw base::errno_error("wait for", "events", errno);
        }
        for (int i = 0; i < count; ++i) {
            dispatch(events[static_cast<std::size_t>(i)].data.u64,
                     events[static_cast<std::size_t>(i)].events);
        }
        run_timers();
    }
    stopping_ = false;
}

}  // namespace kata::agent::guest
