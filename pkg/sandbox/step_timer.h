// StepTimer: says in the log which step of a use-case begins and how long each took, so that a slow
// or a stuck start can be seen from outside (`--debug --log FILE`).
#pragma once

#include <chrono>
#include <string>

#include "pkg/base/interruption.h"
#include "pkg/base/log.h"

namespace kata::sandbox {

class StepTimer {
  public:
    StepTimer(base::Log& log, std::string use_case) : log_(log), use_case_(std::move(use_case)) {}
    StepTimer(const StepTimer&) = delete;
    StepTimer& operator=(const StepTimer&) = delete;
    StepTimer(StepTimer&&) = delete;
    StepTimer& operator=(StepTimer&&) = delete;
    ~StepTimer() { end(); }

    /// Ends the step before, if any, and begins `name`. @throws base::Error if we were interrupted.
    void begin(const std::string& name) {
        end();
        base::throw_if_interrupted();
        name_ = name;
        began_ = Clock::now();
        log_.debug(use_case_ + ": " + name_ + " begins");
    }

  private:
    using Clock = std::chrono::steady_clock;

    void end() {
        if (name_.empty()) {
            return;
        }
        const auto took =
            std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_).count();
        log_.debug(use_case_ + ": " + name_ + " took " + std::to_string(took) + " us");
        name_.clear();
    }

    base::Log& log_;
    std::string use_case_;
    std::string name_;
    Clock::time_point began_;
};

}  // namespace kata::sandbox
