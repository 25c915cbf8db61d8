#include "pkg/libvirt-driver/bounded_call.h"

#include <signal.h>

#include <atomic>
#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/support/expect_error.h"

namespace kata::libvirt_driver {
namespace {

using base::Deadline;
using base::Error;
using base::ErrorCode;
using test::failure_of;
using testing::HasSubstr;

Deadline ample() {
    return Deadline::after(std::chrono::minutes(1));
}

TEST(CallWithDeadline, GivesTheResultOfAnotherThread) {
    const auto caller = std::this_thread::get_id();

    const auto worker = call_with_deadline([] { return std::this_thread::get_id(); }, ample(), "x");

    EXPECT_TRUE(worker != caller);
}

TEST(CallWithDeadline, RunsACallableThatReturnsNothing) {
    std::atomic<int> calls = 0;
    call_with_deadline([&calls] { ++calls; }, ample(), "x");
    EXPECT_EQ(calls, 1);
}

TEST(CallWithDeadline, ThrowsWhatTheCallableThrows) {
    const auto error = failure_of([] {
        call_with_deadline([] { throw Error(ErrorCode::not_found, "gone"); }, ample(), "x");
        return 0;
    });

    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_STREQ(error.what(), "gone");
}

TEST(CallWithDeadline, GivesUpOnACallableThatDoesNotReturn) {
    std::promise<void> release;
    std::promise<void> ended;
    auto slow = [released = release.get_future().share(), &ended] {
        released.wait();
        ended.set_value();
    };

    const auto error = failure_of([&] {
        call_with_deadline(
            slow, Deadline::after(std::chrono::milliseconds(20)), "cannot start VM \"x\"");
        return 0;
    });

    EXPECT_EQ(error.code(), ErrorCode::timeout);
    EXPECT_THAT(error.what(), HasSubstr("cannot start VM \"x\": libvirt did not answer within"));
    EXPECT_THAT(error.what(), HasSubstr("is libvirtd hung?"));
    release.set_value();
    ended.get_future().wait();
}

TEST(CallWithDeadline, KeepsWhatTheCallableOwnsUntilItReturns) {
    std::promise<void> release;
    auto owned = std::make_shared<int>(7);
    const std::weak_ptr<int> watched = owned;
    std::promise<int> seen;
    auto slow = [released = release.get_future().share(), owned = std::move(owned), &seen] {
        released.wait();
        seen.set_value(*owned);
    };

    static_cast<void>(failure_of([&] {
        call_with_deadline(std::move(slow), Deadline::after(std::chrono::milliseconds(5)), "x");
        return 0;
    }));

    EXPECT_FALSE(watched.expired());
    release.set_value();
    EXPECT_EQ(seen.get_future().get(), 7);
}

TEST(CallWithDeadline, LeavesEverySignalToTheMainProgram) {
    sigset_t before;
    pthread_sigmask(SIG_SETMASK, nullptr, &before);

    const bool blocked = call_with_deadline(
        [] {
            sigset_t mask;
            pthread_sigmask(SIG_SETMASK, nullptr, &mask);
            return sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGINT) == 1;
        },
        ample(),
        "x");

    sigset_t after;
    pthread_sigmask(SIG_SETMASK, nullptr, &after);
    EXPECT_TRUE(blocked);
    EXPECT_EQ(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
}

}  // namespace
}  // namespace kata::libvirt_driver
