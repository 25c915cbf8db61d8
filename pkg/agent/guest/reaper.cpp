#include "pkg/agent/guest/reaper.h"

#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "pkg/base/error.h"

namespace kata::agent::guest {

Reaper::Hold::Hold(Reaper& reaper) : reaper_(reaper) {
    const std::lock_guard lock(reaper_.mutex_);
    ++reaper_.holds_;
}

Reaper::Hold::~Hold() {
    const std::lock_guard lock(reaper_.mutex_);
    if (--reaper_.holds_ == 0) {
        reaper_.unclaimed_.clear();
    }
}

Reaper::Reaper() : thread_([this] { run(); }) {}

Reaper::~Reaper() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    children_.notify_all();
    thread_.join();
}

void Reaper::child_started() {
    {
        const std::lock_guard lock(mutex_);
        may_have_children_ = true;
    }
    children_.notify_all();
}

void Reaper::watch(pid_t pid, ExitHandler handler) {
    int exit_code = 0;
    {
        const std::lock_guard lock(mutex_);
        const auto known = unclaimed_.find(pid);
        if (known == unclaimed_.end()) {
            watched_[pid] = std::move(handler);
            return;
        }
        exit_code = known->second;
        unclaimed_.erase(known);
    }
    handler(exit_code);
}

int Reaper::wait(pid_t pid, base::Deadline deadline) {
    const auto exit = std::make_shared<std::promise<int>>();
    std::future<int> result = exit->get_future();
    watch(pid, [exit](int exit_code) { exit->set_value(exit_code); });
    if (result.wait_until(deadline.when()) != std::future_status::ready) {
        throw base::Error(base::ErrorCode::timeout,
                          "process " + std::to_string(pid) + " of the guest did not end in time");
    }
    return result.get();
}

void Reaper::run() {
    for (;;) {
        int status = 0;
        const pid_t pid = ::waitpid(-1, &status, 0);
        if (pid > 0) {
            deliver(pid, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
            continue;
        }
        if (errno != ECHILD) {
            continue;
        }
        // Who has no child has no descendants either, so nothing can become our child until we
        // fork.
        std::unique_lock lock(mutex_);
        children_.wait(lock, [this] { return may_have_children_ || stopping_; });
        if (stopping_ && !may_have_children_) {
            return;
        }
        may_have_children_ = false;
    }
}

void Reaper::deliver(pid_t pid, int exit_code) {
    ExitHandler handler;
    {
        const std::lock_guard lock(mutex_);
        const auto found = watched_.find(pid);
        if (found == watched_.end()) {
            if (holds_ > 0) {
                unclaimed_[pid] = exit_code;
            }
            return;
        }
        handler = std::move(found->second);
        watched_.erase(found);
    }
    handler(exit_code);
}

}  // namespace kata::agent::guest
