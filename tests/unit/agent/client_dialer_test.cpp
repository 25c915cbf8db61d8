#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "pkg/agent/client/port_dialer.h"
#include "pkg/agent/client/vsock_dialer.h"
#include "pkg/agent/protocol/greeting.h"
#include "pkg/base/error.h"
#include "pkg/base/file_lock.h"
#include "pkg/base/interruption.h"

namespace kata::agent {
namespace {

using base::Deadline;
using base::Error;
using base::ErrorCode;
using base::FileLock;
using base::UniqueFd;
using std::chrono::milliseconds;

constexpr Greeting kGreeting{kProtocolVersion, {1, 2, 3, 4, 5, 6, 7, 8}};

Deadline later() {
    return Deadline::after(std::chrono::seconds(20));
}

class PortsDirectory {
  public:
    PortsDirectory() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "kata-ports-XXXXXX").native();
        path_ = ::mkdtemp(pattern.data());
    }
    PortsDirectory(const PortsDirectory&) = delete;
    PortsDirectory& operator=(const PortsDirectory&) = delete;
    PortsDirectory(PortsDirectory&&) = delete;
    PortsDirectory& operator=(PortsDirectory&&) = delete;
    ~PortsDirectory() { std::filesystem::remove_all(path_); }

    [[nodiscard]] sandbox::AgentAddress address(unsigned ports) const { return {path_, ports, {}}; }
    [[nodiscard]] std::string socket(int port) const {
        return path_ / (std::to_string(port) + ".sock");
    }
    [[nodiscard]] std::filesystem::path lock(int port) const {
        return path_ / (std::to_string(port) + ".lock");
    }

  private:
    std::filesystem::path path_;
};

UniqueFd listen_on(const std::string& path) {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket.get(), 1), 0);
    return socket;
}

// QEMU's end of a port: serves one connection after the other, each with the next of the given
// functions.
class FakePort {
  public:
    using Serve = std::function<void(int connection)>;

    FakePort(const std::string& path, std::vector<Serve> script)
        : listener_(listen_on(path)), thread_([this, script = std::move(script)] {
              for (const Serve& serve : script) {
                  const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, 0));
                  if (!connection.valid()) {
                      return;
                  }
                  ++connections_;
                  serve(connection.get());
              }
          }) {}
    FakePort(const FakePort&) = delete;
    FakePort& operator=(const FakePort&) = delete;
    FakePort(FakePort&&) = delete;
    FakePort& operator=(FakePort&&) = delete;
    ~FakePort() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }

    [[nodiscard]] int connections() const { return connections_; }

  private:
    UniqueFd listener_;
    std::atomic<int> connections_ = 0;
    std::thread thread_;
};

void send_text(int connection, const std::string& text) {
    EXPECT_EQ(::send(connection, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
}

void wait_for_hang_up(int connection) {
    char buffer[256];
    while (::read(connection, buffer, sizeof buffer) > 0) {
    }
}

void greet(int connection) {
    send_text(connection, encode_greeting(kGreeting));
    std::string echo(kGreetingSize, '\0');
    EXPECT_EQ(::recv(connection, echo.data(), echo.size(), MSG_WAITALL),
              static_cast<ssize_t>(echo.size()));
    EXPECT_EQ(echo, encode_echo(kGreeting));
}

ErrorCode dial_error(const sandbox::AgentAddress& address, Deadline deadline = later()) {
    try {
        static_cast<void>(dial_agent(address, deadline));
    } catch (const Error& error) {
        return error.code();
    }
    ADD_FAILURE() << "the dial succeeded";
    return ErrorCode::internal;
}

TEST(Dial, DropsStaleBytesAndLeavesWhatFollowsTheGreeting) {
    const PortsDirectory ports;
    const FakePort port(ports.socket(0), {[](int connection) {
                            send_text(connection, std::string(5000, 'K') + "KATAGREET");
                            greet(connection);
                            send_text(connection, "next");
                            wait_for_hang_up(connection);
                        }});
    const auto dialed = dial_agent(ports.address(1), later());
    std::string next(4, '\0');
    pollfd polled{dialed.connection.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&polled, 1, 20000), 1);
    ASSERT_EQ(::recv(dialed.connection.get(), next.data(), next.size(), MSG_WAITALL), 4);
    EXPECT_EQ(next, "next");
}

TEST(Dial, ConnectsAgainWhenNoGreetingComes) {
    const PortsDirectory ports;
    const FakePort port(ports.socket(0), {wait_for_hang_up, [](int connection) {
                                              greet(connection);
                                              wait_for_hang_up(connection);
                                          }});
    const auto dialed = dial_agent(ports.address(1), later());
    EXPECT_TRUE(dialed.connection.valid());
    EXPECT_EQ(port.connections(), 2);
}

TEST(Dial, ReportsAtOnceThatTheVmDied) {
    const PortsDirectory ports;
    const FakePort port(ports.socket(0), {[](int connection) { send_text(connection, "KATA"); }});
    EXPECT_EQ(dial_error(ports.address(1)), ErrorCode::unavailable);
    EXPECT_EQ(port.connections(), 1);
}

TEST(Dial, ReportsAtOnceThatNobodyListens) {
    const PortsDirectory ports;
    EXPECT_EQ(dial_error(ports.address(1)), ErrorCode::unavailable);
    listen_on(ports.socket(0)).reset();
    EXPECT_EQ(dial_error(ports.address(1)), ErrorCode::unavailable);
    EXPECT_EQ(dial_error({"/nonexistent/ports", 1, {}}), ErrorCode::unavailable);
}

TEST(Dial, TimesOutOnASilentGuest) {
    const PortsDirectory ports;
    const FakePort port(ports.socket(0), {wait_for_hang_up});
    EXPECT_EQ(dial_error(ports.address(1), Deadline::after(milliseconds(50))), ErrorCode::timeout);
}

TEST(Dial, TimesOutWhenNobodyAcceptsAnyMore) {
    const PortsDirectory ports;
    const UniqueFd listener = listen_on(ports.socket(0));
    EXPECT_EQ(dial_error(ports.address(1), Deadline::after(milliseconds(1500))),
              ErrorCode::timeout);
}

TEST(Dial, RefusesAnotherMajorVersion) {
    const PortsDirectory ports;
    const FakePort port(ports.socket(0), {[](int connection) {
                            Greeting other = kGreeting;
                            other.version.major = kProtocolVersion.major + 1;
                            send_text(connection, encode_greeting(other));
                            wait_for_hang_up(connection);
                        }});
    EXPECT_EQ(dial_error(ports.address(1)), ErrorCode::unsupported);
}

TEST(Dial, LocksItsPortAndSkipsPortsInUse) {
    const PortsDirectory ports;
    const auto busy = FileLock::try_acquire(ports.lock(0), FileLock::Mode::exclusive);
    const FakePort port(ports.socket(1), {[](int connection) {
                            greet(connection);
                            wait_for_hang_up(connection);
                        }});
    auto dialed = dial_agent(ports.address(2), later());
    EXPECT_FALSE(FileLock::try_acquire(ports.lock(1), FileLock::Mode::exclusive));
    dialed.lock.reset();
    EXPECT_TRUE(FileLock::try_acquire(ports.lock(1), FileLock::Mode::exclusive));
}

TEST(Dial, TakesThePortThatHasRestedLongest) {
    const auto serve = [](int connection) {
        greet(connection);
        wait_for_hang_up(connection);
    };
    const PortsDirectory ports;
    const FakePort first(ports.socket(0), {serve, serve});
    const FakePort second(ports.socket(1), {serve});
    for (int dial = 0; dial < 3; ++dial) {
        static_cast<void>(dial_agent(ports.address(2), later()));
    }
    EXPECT_EQ(first.connections(), 2);
    EXPECT_EQ(second.connections(), 1);
}

TEST(Dial, SaysThatAllPortsAreInUse) {
    const PortsDirectory ports;
    const auto busy = FileLock::try_acquire(ports.lock(0), FileLock::Mode::exclusive);
    try {
        static_cast<void>(dial_agent(ports.address(1), Deadline::after(milliseconds(20))));
        FAIL() << "the dial succeeded";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::timeout);
        EXPECT_NE(std::string(error.what()).find("all 1 ports"), std::string::npos) << error.what();
    }
}

// Of four ports the last two are for commands.
TEST(Dial, OfACommandLeavesTheLastPortThatAProcessCouldKeep) {
    const auto serve = [](int connection) {
        greet(connection);
        wait_for_hang_up(connection);
    };
    const PortsDirectory ports;
    const auto busy = FileLock::try_acquire(ports.lock(0), FileLock::Mode::exclusive);
    const FakePort kept(ports.socket(1), {serve});
    const FakePort first(ports.socket(2), {serve});
    const FakePort second(ports.socket(3), {serve});
    const auto command = dial_agent(ports.address(4), later());
    const auto other_command = dial_agent(ports.address(4), later());
    const auto process = dial_agent(ports.address(4), later(), PortUse::lasting);
    EXPECT_EQ(kept.connections(), 1);
    EXPECT_EQ(first.connections() + second.connections(), 2);
}

TEST(Dial, OfAProcessLeavesTwoPortsToCommands) {
    const PortsDirectory ports;
    const auto busy = FileLock::try_acquire(ports.lock(0), FileLock::Mode::exclusive);
    const auto busy_too = FileLock::try_acquire(ports.lock(1), FileLock::Mode::exclusive);
    try {
        static_cast<void>(
            dial_agent(ports.address(4), Deadline::after(milliseconds(20)), PortUse::lasting));
        FAIL() << "the dial succeeded";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("all 2 ports"), std::string::npos) << error.what();
    }
}

TEST(Dial, WaitsForAPortToBecomeFree) {
    const PortsDirectory ports;
    auto busy = FileLock::try_acquire(ports.lock(0), FileLock::Mode::exclusive);
    const FakePort port(ports.socket(0), {[](int connection) {
                            greet(connection);
                            wait_for_hang_up(connection);
                        }});
    std::thread releaser([&] {
        std::this_thread::sleep_for(milliseconds(50));
        busy.reset();
    });
    EXPECT_TRUE(dial_agent(ports.address(1), later()).connection.valid());
    releaser.join();
}

// Interruption is a state of the whole process, so it is tried in one of its own.
TEST(DialDeathTest, EndsWhenItIsInterrupted) {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    const PortsDirectory ports;
    const auto body = [&ports] {
        base::catch_interruptions();
        const FakePort port(ports.socket(0), {[](int connection) {
                                ::kill(::getpid(), SIGINT);
                                wait_for_hang_up(connection);
                            }});
        const bool interrupted = dial_error(ports.address(1)) == ErrorCode::interrupted;
        ::_exit(interrupted ? 0 : 1);
    };
    EXPECT_EXIT(body(), ::testing::ExitedWithCode(0), "");
}

TEST(Vsock, TellsABootingGuestFromAnErrorThatStays) {
    for (const int transient : {ECONNRESET, ENODEV, ETIMEDOUT}) {
        EXPECT_TRUE(is_booting_error(transient)) << transient;
    }
    for (const int lasting : {EACCES, EINVAL, ENOMEM}) {
        EXPECT_FALSE(is_booting_error(lasting)) << lasting;
    }
}

}  // namespace
}  // namespace kata::agent
