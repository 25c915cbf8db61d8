#include "cli/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace kata::cli {
namespace {

struct Terminal {
    base::UniqueFd master;
    base::UniqueFd slave;
};

Terminal make_terminal() {
    int master = -1;
    int slave = -1;
    EXPECT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    return {base::UniqueFd(master), base::UniqueFd(slave)};
}

struct termios settings_of(const Terminal& terminal) {
    struct termios settings {};
    EXPECT_EQ(::tcgetattr(terminal.slave.get(), &settings), 0);
    return settings;
}

TEST(RawTerminal, IsRawForItsLifeAndRestoredAfterAnException) {
    const Terminal terminal = make_terminal();
    const tcflag_t before = settings_of(terminal).c_lflag;
    ASSERT_NE(before & ICANON, 0U);
    try {
        const RawTerminal raw(terminal.slave.ref());
        EXPECT_EQ(settings_of(terminal).c_lflag & (ICANON | ECHO | ISIG), 0U);
        throw base::Error(base::ErrorCode::internal, "x");
    } catch (const base::Error&) {
        EXPECT_EQ(settings_of(terminal).c_lflag, before);
    }
}

TEST(RawTerminal, RefusesAFile) {
    const base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    EXPECT_THROW(const RawTerminal raw(null.ref()), base::Error);
}

/// A child that runs `body` and exits with its result; it has told us that it is ready for signals.
template <typename Body>
base::ProcessId child(Body body) {
    std::array<int, 2> ready{};
    EXPECT_EQ(::pipe(ready.data()), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
        sigset_t all;
        sigfillset(&all);
        ::sigprocmask(SIG_BLOCK, &all, nullptr);
        if (::write(ready[1], "x", 1) != 1) {
            ::_exit(1);
        }
        ::_exit(body());
    }
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
    return base::find_process(pid).value_or(base::ProcessId{pid, 0});
}

int wait_for_signal() {
    sigset_t all;
    sigfillset(&all);
    int signal = 0;
    ::sigwait(&all, &signal);
    return signal;
}

TEST(SignalRelay, ReturnsTheChildsStatus) {
    SignalRelay relay;
    EXPECT_EQ(relay.wait_for(child([] { return 55; })), 55);
    EXPECT_EQ(relay.wait_for(child([] { return 0; })), 0);
}

TEST(SignalRelay, ReturnsASignalsStatus) {
    SignalRelay relay;
    EXPECT_EQ(relay.wait_for(child([] {
        ::raise(SIGKILL);
        return 0;
    })),
              128 + SIGKILL);
}

TEST(SignalRelay, PassesEveryCatchableSignalOn) {
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        const bool cannot_be_passed = signal == SIGKILL || signal == SIGSTOP || signal == SIGCHLD ||
                                      signal == 32 || signal == 33;
        if (cannot_be_passed) {
            continue;
        }
        SignalRelay relay;
        const base::ProcessId waiting = child(wait_for_signal);
        // From another process, as it would come from a user: our own SIGPIPE is not passed on.
        const pid_t sender = ::fork();
        if (sender == 0) {
            ::kill(::getppid(), signal);
            ::_exit(0);
        }
        EXPECT_EQ(relay.wait_for(waiting), signal) << ::strsignal(signal);
        EXPECT_EQ(::waitpid(sender, nullptr, 0), sender);
    }
}

TEST(SignalRelay, LeavesDefaultActionsBehind) {
    { const SignalRelay relay; }
    struct sigaction action {};
    ASSERT_EQ(::sigaction(SIGTERM, nullptr, &action), 0);
    EXPECT_EQ(action.sa_handler, SIG_DFL);
}

TEST(SignalRelay, RefusesAProcessThatIsNoChild) {
    SignalRelay relay;
    EXPECT_THROW(static_cast<void>(relay.wait_for({1, 1})), base::Error);
}

}  // namespace
}  // namespace kata::cli
