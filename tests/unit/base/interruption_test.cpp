#include "pkg/base/interruption.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <functional>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/subprocess.h"

namespace kata::base {
namespace {

// The flag belongs to the process, so each case has a process of its own.
void expect_in_child(const std::function<bool()>& holds) {
    EXPECT_EXIT(
        {
            catch_interruptions();
            ::_exit(holds() ? 0 : 1);
        },
        ::testing::ExitedWithCode(0),
        "");
}

bool throws_interrupted() {
    try {
        throw_if_interrupted();
    } catch (const Error& error) {
        return error.code() == ErrorCode::interrupted &&
               std::string(error.what()).find("SIGTERM") != std::string::npos;
    }
    return false;
}

ProcessSpec sleeper() {
    ProcessSpec spec;
    spec.path = "/bin/sleep";
    spec.args = {"sleep", "0.2"};
    return spec;
}

TEST(InterruptionDeathTest, CountsOnceSoThatUndoingIsNotInterrupted) {
    expect_in_child([] {
        ::raise(SIGTERM);
        ::raise(SIGTERM);
        const bool seen = interrupted();
        const bool thrown = throws_interrupted();
        return seen && thrown && !interrupted() && !throws_interrupted();
    });
}

TEST(InterruptionDeathTest, IsNotThereWithoutASignal) {
    expect_in_child([] { return !interrupted() && !throws_interrupted(); });
}

TEST(InterruptionDeathTest, EndsAProcessThatBeganJustAfterTheSignal) {
    expect_in_child([] {
        ::raise(SIGTERM);
        try {
            static_cast<void>(run_process(sleeper(), Deadline::after(std::chrono::seconds(60))));
        } catch (const Error& error) {
            return error.code() == ErrorCode::interrupted;
        }
        return false;
    });
}

TEST(InterruptionDeathTest, LetsAProcessOfTheUndoingRunToItsEnd) {
    expect_in_child([] {
        ::raise(SIGTERM);
        const bool thrown = throws_interrupted();
        const auto result = run_process(sleeper(), Deadline::after(std::chrono::seconds(60)));
        return thrown && result.exit_code == 0 && !result.timed_out;
    });
}

}  // namespace
}  // namespace kata::base
