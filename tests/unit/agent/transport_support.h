// A whole kata-agent in the test's process, and the way to it: what QEMU does with a virtio-serial
// port is done here by FakePort with a terminal pair, the one device of the kernel that, as such a
// port, says EPOLLHUP while nobody has its other end open and comes back.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pkg/agent/client/channel.h"
#include "pkg/agent/client/port_dialer.h"
#include "pkg/agent/guest/agent_server.h"
#include "pkg/agent/guest/port_session.h"
#include "pkg/agent/guest/vsock_listener.h"
#include "pkg/base/file.h"
#include "tests/unit/support/temporary_directory.h"

#include "guest_fake_runtime.h"
#include "guest_support.h"

namespace kata::agent::testing {

inline base::Deadline soon() {
    return base::Deadline::after(std::chrono::seconds(60));
}

/// The host's side of one port: <path> is the socket that clients connect to, one at a time.
class FakePort {
  public:
    FakePort(guest::EventLoop& loop, const std::filesystem::path& path)
        : loop_(loop), listener_(listen_on(path)), master_(open_terminal()) {
        std::string name(64, '\0');
        if (::ptsname_r(master_.get(), name.data(), name.size()) != 0) {
            throw std::runtime_error("ptsname");
        }
        slave_name_ = name.c_str();
        watch_ = loop_.watch(listener_.ref(), EPOLLIN, [this](std::uint32_t) { take_client(); });
    }

    /// The guest's side: what /dev/vport0p1 is to the agent.
    base::UniqueFd take_device() { return std::move(master_); }

  private:
    struct Bridge {
        base::UniqueFd client;
        base::UniqueFd slave;
        guest::Relay to_guest;
        guest::Relay to_client;
        guest::EventLoop::Watch client_watch;
        guest::EventLoop::Watch slave_watch;
    };

    static base::UniqueFd listen_on(const std::filesystem::path& path) {
        base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(fd.get(), 8) != 0) {
            throw std::runtime_error("listen");
        }
        return fd;
    }
    static base::UniqueFd open_terminal() {
        base::UniqueFd fd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
        termios raw{};
        if (!fd.valid() || ::unlockpt(fd.get()) != 0 || ::tcgetattr(fd.get(), &raw) != 0) {
            throw std::runtime_error("posix_openpt");
        }
        ::cfmakeraw(&raw);
        ::tcsetattr(fd.get(), TCSANOW, &raw);
        return fd;
    }

    void take_client() {
        if (bridge_) {
            return;  // it waits in the backlog until hang_up()
        }
        base::UniqueFd client(
            ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!client.valid()) {
            return;
        }
        watch_.reset();
        bridge_ = std::make_unique<Bridge>();
        bridge_->client = std::move(client);
        bridge_->slave = base::open_file(slave_name_, O_RDWR | O_NOCTTY | O_NONBLOCK);
        // A terminal does not tell its master that it was opened; a port does. Rubbish is dropped.
        base::write_all(bridge_->slave.ref(), "?", "");
        constexpr std::uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
        const auto pumps = [this](std::uint32_t) { pump(); };
        bridge_->client_watch = loop_.watch(bridge_->client.ref(), kEvents, pumps);
        bridge_->slave_watch = loop_.watch(bridge_->slave.ref(), kEvents, pumps);
    }

    void pump() {
        using Progress = guest::Relay::Progress;
        for (;;) {
            const auto in = bridge_->to_guest.step(bridge_->client.ref(), bridge_->slave.ref());
            const auto out = bridge_->to_client.step(bridge_->slave.ref(), bridge_->client.ref());
            if (in == Progress::source_ended || out == Progress::sink_ended) {
                hang_up();
                return;
            }
            if (in != Progress::moved && out != Progress::moved) {
                return;
            }
        }
    }

    // QEMU drops what the guest has sent and the client has not taken.
    void hang_up() {
        ::tcflush(bridge_->slave.get(), TCIFLUSH);
        bridge_.reset();
        watch_ = loop_.watch(listener_.ref(), EPOLLIN, [this](std::uint32_t) { take_client(); });
    }

    guest::EventLoop& loop_;
    base::UniqueFd listener_;
    base::UniqueFd master_;
    std::string slave_name_;
    std::unique_ptr<Bridge> bridge_;
    guest::EventLoop::Watch watch_;
};

/// The agent without boot and without crun, reachable over `port_count` ports and directly, as over
/// vsock.
class InProcessAgent {
  public:
    explicit InProcessAgent(unsigned port_count) {
        const auto serve = [this](base::UniqueFd connection) {
            server_->serve(std::move(connection));
        };
        host_.run([&] {
            for (unsigned n = 0; n < port_count; ++n) {
                const auto socket = std::to_string(n) + ".sock";
                ports_.push_back(
                    std::make_unique<FakePort>(host_.loop, directory_.path() / socket));
            }
        });
        guest_.run([&] {
            for (const auto& port : ports_) {
                sessions_.push_back(
                    std::make_unique<guest::PortSession>(guest_.loop, port->take_device(), serve));
            }
            room_ = std::make_unique<guest::GreetingRoom>(guest_.loop, serve);
        });
    }
    InProcessAgent(const InProcessAgent&) = delete;
    InProcessAgent& operator=(const InProcessAgent&) = delete;
    InProcessAgent(InProcessAgent&&) = delete;
    InProcessAgent& operator=(InProcessAgent&&) = delete;
    ~InProcessAgent() {
        guest_.run([&] {
            sessions_.clear();
            room_.reset();
        });
        host_.run([&] { ports_.clear(); });
        server_.reset();
        guest_.run([] {});
    }

    sandbox::DialedPort dial_port() {
        return dial_agent({directory_.path(), static_cast<unsigned>(ports_.size()), {}}, soon());
    }
    /// The socket of a port, for clients that do not behave.
    std::filesystem::path port_socket(unsigned number) {
        return directory_.path() / (std::to_string(number) + ".sock");
    }
    sandbox::DialedPort dial_directly() {
        guest::StreamPair streams = guest::make_streams();
        guest_.run([&] { room_->welcome(std::move(streams.guest)); });
        static_cast<void>(greet_guest(streams.host.ref(), soon()));
        return {std::move(streams.host), {}};
    }
    /// Whether a process has ended, as the agent knows it.
    bool ended(const std::string& id, const std::string& exec_id = "") {
        return containers_.process(id, exec_id)->ended();
    }
    /// Whether a WaitProcess has arrived: waits are numbered, our own probes among them.
    bool is_awaited(const std::string& id, const std::string& exec_id = "") {
        bool awaited = false;
        guest_.run([&] {
            const auto process = containers_.process(id, exec_id);
            const auto number = process->wait([](int) {});
            process->cancel_wait(number);
            awaited = number > ++probes_[process.get()];
        });
        return awaited;
    }

  private:
    std::map<const void*, std::uint64_t> probes_;
    test::TemporaryDirectory directory_;
    guest::LoopThread host_;
    guest::LoopThread guest_;
    guest::Reaper reaper_;
    guest::FakeRuntime runtime_{reaper_};
    guest::ContainerTable containers_{guest_.loop, reaper_, runtime_, directory_.path() / "cgroup"};
    guest::Storages storages_;
    guest::WorkerPool workers_{16};
    guest::AgentService service_{guest_.loop, workers_, reaper_, containers_, storages_};
    std::unique_ptr<guest::AgentServer> server_ = std::make_unique<guest::AgentServer>(service_);
    std::vector<std::unique_ptr<FakePort>> ports_;
    std::vector<std::unique_ptr<guest::PortSession>> sessions_;
    std::unique_ptr<guest::GreetingRoom> room_;
};

/// A conversation as kata-shim has it. cut() is what the guest sees of a SIGKILL.
class Conversation {
  public:
    explicit Conversation(sandbox::DialedPort port)
        : lock_(std::move(port.lock)),
          wire_(::fcntl(port.connection.get(), F_DUPFD_CLOEXEC, 3)),
          channel_(open_channel(std::move(port.connection))) {}
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;
    Conversation(Conversation&&) = delete;
    Conversation& operator=(Conversation&&) = delete;
    ~Conversation() { cut(); }

    void cut() {
        ::shutdown(wire_.get(), SHUT_RDWR);
        lock_.reset();
    }
    [[nodiscard]] const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  private:
    base::UniqueFd lock_;
    base::UniqueFd wire_;
    std::shared_ptr<grpc::Channel> channel_;
};

template <typename Work>
auto in_background(Work work) {
    return std::async(std::launch::async, std::move(work));
}

inline base::ErrorCode code_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const base::Error& error) {
        return error.code();
    }
    ADD_FAILURE() << "did not throw";
    return base::ErrorCode::internal;
}

}  // namespace kata::agent::testing
