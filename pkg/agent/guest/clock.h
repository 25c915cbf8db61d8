// The guest's clock. It stands still while the VM is suspended or its host sleeps; the machine's
// real-time clock is the host's own and goes on. ClockKeeper sets the first by the second.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>

namespace kata::agent::guest {

using SystemTime = std::chrono::system_clock::time_point;

/// @throws base::Error if the kernel refuses it.
void set_system_clock(SystemTime now);

/// Where times come from and go to; tests have their own.
struct ClockSources {
    /// Whole seconds, UTC. @throws base::Error if there is no such clock.
    std::function<SystemTime()> real_time_clock;
    std::function<SystemTime()> system_clock;
    std::function<void(SystemTime)> set_system_clock;

    /// /dev/rtc0 and the kernel's clock.
    [[nodiscard]] static ClockSources of_machine();
};

class ClockKeeper {
  public:
    explicit ClockKeeper(ClockSources sources) : sources_(std::move(sources)) {}

    /// Corrects a clock that is more than a second off; that takes up to a second, and nothing
    /// otherwise. A machine without a real-time clock is left as it is. From any thread.
    void correct() noexcept;

  private:
    [[nodiscard]] SystemTime next_second() const;

    ClockSources sources_;
    std::mutex mutex_;
};

}  // namespace kata::agent::guest
