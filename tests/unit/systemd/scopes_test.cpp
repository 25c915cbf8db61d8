#include "pkg/systemd/scopes.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <thread>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/interruption.h"
#include "tests/support/fake_systemd.h"
#include "tests/unit/support/expect_error.h"

namespace kata::systemd {
namespace {

using base::Deadline;
using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::FakeSystemd;
using test::SystemdScript;

const sandbox::ScopeUnit kUnit{"docker-1.scope", "a-b.slice"};

std::array<base::UniqueFd, 2> connected_pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
        throw std::runtime_error("socketpair");
    }
    return {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

Bus client_of(base::UniqueFd connection, bool greets_a_bus) {
    sd_bus* made = nullptr;
    require(::sd_bus_new(&made));
    Bus bus(made);
    const int fd = connection.release();
    require(::sd_bus_set_fd(made, fd, fd));
    require(::sd_bus_set_bus_client(made, greets_a_bus ? 1 : 0));
    require(::sd_bus_start(made));
    return bus;
}

class ScopesTest : public ::testing::Test {
  protected:
    void told(SystemdScript script) { systemd_ = std::make_unique<FakeSystemd>(std::move(script)); }

    Scopes scopes(bool greets_a_bus = true) {
        return Scopes([this, greets_a_bus] {
            auto [ours, theirs] = connected_pair();
            systemd_->serve(std::move(theirs));
            return client_of(std::move(ours), greets_a_bus);
        });
    }

    void start() { scopes().start(kUnit, 4242, Deadline::after(seconds(20))); }
    void stop() { scopes().stop(kUnit.name, Deadline::after(seconds(20))); }

    std::vector<std::string> methods() const {
        std::vector<std::string> names;
        for (const test::SystemdCall& call : systemd_->calls()) {
            EXPECT_EQ(call.unit, kUnit.name);
            names.push_back(call.method);
        }
        return names;
    }

    std::unique_ptr<FakeSystemd> systemd_ = std::make_unique<FakeSystemd>();
};

TEST_F(ScopesTest, AskForADelegatedScopeInItsSliceWithTheProcess) {
    start();
    ASSERT_EQ(systemd_->calls().size(), 1U);
    const test::SystemdCall call = systemd_->calls().front();
    EXPECT_EQ(call.method, "StartTransientUnit");
    EXPECT_EQ(call.unit, "docker-1.scope");
    const std::map<std::string, std::string> expected{
        {"Description", "container in a virtual machine (kata-runtime)"},
        {"Slice", "a-b.slice"},
        {"PIDs", "4242"},
        {"Delegate", "yes"},
        {"CPUAccounting", "yes"},
        {"MemoryAccounting", "yes"},
        {"TasksAccounting", "yes"},
        {"IOAccounting", "yes"},
        {"DefaultDependencies", "no"},
        {"CollectMode", "inactive-or-failed"},
    };
    EXPECT_EQ(call.properties, expected);
}

TEST_F(ScopesTest, AreStartedOverAConnectionWithoutABus) {
    EXPECT_NO_THROW(scopes(false).start(kUnit, 1, Deadline::after(seconds(20))));
}

TEST_F(ScopesTest, AreStartedWhenTheJobEndsBeforeTheAnswer) {
    told({.ends_before_it_answers = true});
    EXPECT_NO_THROW(start());
}

TEST_F(ScopesTest, ThatHaveFailedUnderTheSameNameAreResetOnce) {
    told({.exists = 1});
    start();
    const std::vector<std::string> expected{
        "StartTransientUnit", "ResetFailedUnit", "StartTransientUnit"};
    EXPECT_EQ(methods(), expected);
}

TEST_F(ScopesTest, ThatRunUnderTheSameNameAreLeftToTheirOwner) {
    told({.exists = 100});
    test::expect_error(
        [&] { start(); },
        ErrorCode::already_exists,
        "cannot start \"docker-1.scope\" through systemd: Unit docker-1.scope exists.");
    EXPECT_EQ(methods().size(), 3U);
}

TEST_F(ScopesTest, AreNotThereWhenTheirJobFails) {
    told({.result = "failed"});
    test::expect_error([&] { start(); },
                       ErrorCode::unavailable,
                       "cannot start \"docker-1.scope\" through systemd: its job ended as failed");
    const std::vector<std::string> expected{"StartTransientUnit", "ResetFailedUnit"};
    EXPECT_EQ(methods(), expected);
}

TEST_F(ScopesTest, AreRefusedInSystemdsWords) {
    told({.refusal = SD_BUS_ERROR_ACCESS_DENIED});
    test::expect_error([&] { start(); },
                       ErrorCode::permission_denied,
                       "cannot start \"docker-1.scope\" through systemd: told to refuse");
    EXPECT_EQ(methods().size(), 1U);
}

TEST_F(ScopesTest, AreNotWaitedForBeyondTheDeadline) {
    const auto soon = [] { return Deadline::after(milliseconds(100)); };
    told({.never_answers = true});
    test::expect_error([&] { scopes().start(kUnit, 1, soon()); }, ErrorCode::timeout, "in time");
    told({.never_ends_a_job = true});
    test::expect_error([&] { scopes().start(kUnit, 1, soon()); }, ErrorCode::timeout, "in time");
    test::expect_error([&] { scopes().stop(kUnit.name, soon()); }, ErrorCode::timeout, "in time");
}

TEST_F(ScopesTest, AreNotWaitedForOnABusThatDoesNotEvenGreet) {
    auto [ours, theirs] = connected_pair();
    Scopes mute([&connection = ours] { return client_of(std::move(connection), true); });
    test::expect_error([&] { mute.stop("x.scope", Deadline::after(milliseconds(100))); },
                       ErrorCode::timeout,
                       "cannot stop \"x.scope\" through systemd");
}

TEST_F(ScopesTest, CannotBeHadOfASystemdThatHangsUp) {
    told({.hangs_up = true});
    test::expect_error([&] { start(); }, ErrorCode::unavailable, "docker-1.scope");
}

TEST_F(ScopesTest, CannotBeHadWithoutABus) {
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
    test::expect_error([] { Scopes().start(kUnit, 1, Deadline::after(seconds(20))); },
                       ErrorCode::unavailable,
                       "systemd cannot be asked over D-Bus: no such file");
    ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

TEST_F(ScopesTest, AreStoppedAndForgotten) {
    stop();
    const std::vector<std::string> expected{"StopUnit", "ResetFailedUnit"};
    EXPECT_EQ(methods(), expected);
}

TEST_F(ScopesTest, ThatAreNotThereNeedNoStopping) {
    told({.refusal = "org.freedesktop.systemd1.NoSuchUnit"});
    EXPECT_NO_THROW(stop());
    told({.refusal = SD_BUS_ERROR_ACCESS_DENIED});
    test::expect_error([&] { stop(); },
                       ErrorCode::permission_denied,
                       "cannot stop \"docker-1.scope\" through systemd");
}

TEST_F(ScopesTest, AreNotWaitedForByAnInterruptedCommand) {
    told({.never_answers = true});
    base::catch_interruptions();
    ::raise(SIGTERM);
    test::expect_error([&] { start(); }, ErrorCode::interrupted, "docker-1.scope");
}

}  // namespace
}  // namespace kata::systemd
