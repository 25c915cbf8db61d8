// InterruptionWatch: lets one operation end early when a signal asks the program to stop. An
// operation that begins when that has already happened is part of the undoing and runs to its end.
#pragma once

#include <chrono>

#include "pkg/base/interruption.h"

namespace kata::agent {

class InterruptionWatch {
  public:
    /// How long an operation may block before it asks again.
    static constexpr std::chrono::milliseconds kInterval{50};

    [[nodiscard]] bool fired() const { return !undoing_ && base::interrupted(); }

    /// @throws base::Error interrupted.
    void check() const {
        if (fired()) {
            base::throw_if_interrupted();
        }
    }

  private:
    bool undoing_ = base::interrupted();
};

}  // namespace kata::agent
