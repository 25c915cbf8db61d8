#include "pkg/agent/shim/relay_progress.h"

#include <algorithm>

namespace kata::agent {

void RelayProgress::note(Output output, bool open, bool writing) {
    const std::lock_guard lock(mutex_);
    outputs_.at(static_cast<std::size_t>(output)) = {open, writing, Clock::now()};
    news_.notify_all();
}

void RelayProgress::writing(Output output) {
    note(output, true, true);
}

void RelayProgress::written(Output output) {
    note(output, true, false);
}

void RelayProgress::ended(Output output) {
    note(output, false, false);
}

void RelayProgress::process_ended(std::optional<int> status) {
    const std::lock_guard lock(mutex_);
    process_ended_ = true;
    ended_at_ = Clock::now();
    status_ = status;
    news_.notify_all();
}

RelayProgress::Clock::time_point RelayProgress::given_up_at(const OutputState& state) const {
    if (!state.open) {
        return Clock::time_point::min();
    }
    // Output of a process whose end we know must reach even the slowest reader.
    if (state.writing && status_) {
        return Clock::time_point::max();
    }
    return std::max(state.last_activity, ended_at_) + idle_limit_;
}

std::optional<int> RelayProgress::wait() {
    std::unique_lock lock(mutex_);
    for (;;) {
        if (!process_ended_) {
            news_.wait(lock);
            continue;
        }
        const auto until = std::max(given_up_at(outputs_[0]), given_up_at(outputs_[1]));
        if (until <= Clock::now()) {
            return status_;
        }
        if (until == Clock::time_point::max()) {
            news_.wait(lock);
        } else {
            news_.wait_until(lock, until);
        }
    }
}

}  // namespace kata::agent
