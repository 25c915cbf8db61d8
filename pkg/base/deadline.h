// Deadline: a point on the monotonic clock by which an operation must have ended.
// Passed down by value, so that nested calls share one budget instead of adding up time-outs.
#pragma once

#include <chrono>

namespace kata::base {

class Deadline {
  public:
    using Clock = std::chrono::steady_clock;

    explicit Deadline(Clock::time_point when) : when_(when) {}
    [[nodiscard]] static Deadline after(std::chrono::milliseconds duration) {
        return Deadline(Clock::now() + duration);
    }

    [[nodiscard]] bool passed() const { return Clock::now() >= when_; }

    /// Never negative.
    [[nodiscard]] std::chrono::milliseconds remaining() const {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(when_ - Clock::now());
        return left.count() > 0 ? left : std::chrono::milliseconds(0);
    }

    /// The earlier of this deadline and now + `duration`.
    [[nodiscard]] Deadline at_most(std::chrono::milliseconds duration) const {
        const auto other = Clock::now() + duration;
        return Deadline(other < when_ ? other : when_);
    }

    [[nodiscard]] Clock::time_point when() const { return when_; }

  private:
    Clock::time_point when_;
};

}  // namespace kata::base
