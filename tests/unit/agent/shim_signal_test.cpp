#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "pkg/agent/shim/signal_policy.h"
#include "pkg/agent/shim/signal_queue.h"

namespace kata::agent {
namespace {

constexpr pid_t kSelf = 7;
constexpr pid_t kOther = 8;

SignalAction action(int number, int code, pid_t sender, bool terminal = false) {
    return action_for({number, code, sender}, kSelf, terminal);
}

TEST(SignalPolicy, ForwardsWhateverSomebodySends) {
    for (int number = 1; number <= kLastSignal; ++number) {
        if (is_catchable(number) && number != SIGCHLD) {
            EXPECT_EQ(action(number, SI_USER, kOther), SignalAction::forward) << number;
            EXPECT_EQ(action(number, SI_QUEUE, kOther), SignalAction::forward) << number;
        }
    }
}

TEST(SignalPolicy, ForwardsTheHangUpOfItsTerminal) {
    EXPECT_EQ(action(SIGHUP, SI_KERNEL, 0, true), SignalAction::forward);
}

TEST(SignalPolicy, IgnoresTheSigpipeOfItsOwnWriteOnly) {
    EXPECT_EQ(action(SIGPIPE, SI_USER, kSelf), SignalAction::ignore);
    EXPECT_EQ(action(SIGPIPE, SI_USER, kOther), SignalAction::forward);
    EXPECT_EQ(action(SIGPIPE, SI_USER, 0), SignalAction::forward);
}

TEST(SignalPolicy, ReapsItsChildrenAndForwardsASigchldThatWasSent) {
    EXPECT_EQ(action(SIGCHLD, CLD_EXITED, kOther), SignalAction::reap);
    EXPECT_EQ(action(SIGCHLD, CLD_KILLED, kOther), SignalAction::reap);
    EXPECT_EQ(action(SIGCHLD, SI_USER, kOther), SignalAction::reap_and_forward);
}

TEST(SignalPolicy, FollowsTheSizeOfATerminal) {
    EXPECT_EQ(action(SIGWINCH, SI_KERNEL, 0, true), SignalAction::resize);
    EXPECT_EQ(action(SIGWINCH, SI_USER, kOther, true), SignalAction::resize_or_forward);
    EXPECT_EQ(action(SIGWINCH, SI_USER, kOther, false), SignalAction::forward);
}

TEST(SignalPolicy, EndsOnAFaultOfItsOwnButForwardsOneThatWasSent) {
    for (const int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS}) {
        EXPECT_EQ(action(fault, 1, 0), SignalAction::crash) << fault;
        EXPECT_EQ(action(fault, SI_USER, kOther), SignalAction::forward) << fault;
    }
    EXPECT_EQ(action(SIGABRT, SI_TKILL, kSelf), SignalAction::crash);
    EXPECT_EQ(action(SIGABRT, SI_USER, kOther), SignalAction::forward);
}

TEST(SignalPolicy, KnowsWhatCanBeCaught) {
    for (const int number : {0, SIGKILL, SIGSTOP, 32, 33, 65, -1}) {
        EXPECT_FALSE(is_catchable(number)) << number;
    }
    for (const int number : {1, SIGTERM, 31, 34, 64}) {
        EXPECT_TRUE(is_catchable(number)) << number;
    }
}

// A child that sends `signals` to this process and ends.
void send_from_child(const std::vector<int>& signals) {
    const pid_t receiver = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
        for (const int signal : signals) {
            ::kill(receiver, signal);
            ::usleep(2000);
        }
        ::_exit(0);
    }
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
}

TEST(SignalQueue, KeepsSignalsInOrderWithTheirSender) {
    SignalQueue queue;
    const base::UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
    const std::vector<int> sent{SIGTERM, SIGUSR1, SIGHUP, 40, SIGTSTP, SIGUSR1};
    send_from_child(sent);
    std::vector<int> got;
    while (got.size() < sent.size()) {
        const auto event = queue.next(stop.ref());
        ASSERT_TRUE(event);
        if (event->number != SIGCHLD) {
            EXPECT_NE(event->sender, ::getpid());
            EXPECT_LE(event->code, 0);
            got.push_back(event->number);
        }
    }
    EXPECT_EQ(got, sent);
}

TEST(SignalQueue, LosesNoneOfAThousandRealTimeSignals) {
    SignalQueue queue;
    const base::UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
    constexpr int kCount = 1000;
    for (int i = 0; i < kCount; ++i) {
        ::kill(::getpid(), SIGRTMIN + 3);
    }
    int got = 0;
    for (; got < kCount; ++got) {
        ASSERT_EQ(queue.next(stop.ref())->number, SIGRTMIN + 3);
    }
    EXPECT_EQ(got, kCount);
}

int first_signal_after_block() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    send_from_child({SIGTERM});
    SignalQueue queue;
    const base::UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
    int number = SIGCHLD;
    while (number == SIGCHLD) {
        number = queue.next(stop.ref())->number;
    }
    return number;
}

// In a process of its own: threads of other tests have not blocked the signal.
TEST(SignalQueueDeathTest, DeliversWhatWasBlockedBeforeItExisted) {
    EXPECT_EXIT(::_exit(first_signal_after_block()), ::testing::ExitedWithCode(SIGTERM), "");
}

TEST(SignalQueue, StopsWaitingWhenAsked) {
    SignalQueue queue;
    const base::UniqueFd stop(::eventfd(1, EFD_CLOEXEC));
    EXPECT_FALSE(queue.next(stop.ref()));
}

}  // namespace
}  // namespace kata::agent
