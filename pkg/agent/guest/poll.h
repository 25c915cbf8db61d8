// Waiting for what the guest's kernel announces in no other way than by its files.
#pragma once

#include <chrono>
#include <thread>

#include "pkg/base/deadline.h"

namespace kata::agent::guest {

/// Asks every few milliseconds. @return false at the deadline.
template <typename Condition>
[[nodiscard]] bool eventually(base::Deadline deadline, Condition condition) {
    constexpr std::chrono::milliseconds kPoll{5};
    while (!condition()) {
        if (deadline.passed()) {
            return false;
        }
        std::this_thread::sleep_for(kPoll);
    }
    return true;
}

}  // namespace kata::agent::guest
