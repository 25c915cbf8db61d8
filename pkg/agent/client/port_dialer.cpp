#include "pkg/agent/client/port_dialer.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

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
using std::chrono::milliseconds;

constexpr milliseconds kPollInterval{5};
constexpr milliseconds kPauseBeforeReconnect{20};
// A running guest greets within a few milliseconds; when it does not, it missed the end of the last
// conversation, and a new connection wakes it. A booting guest greets as soon as it opens the port,
// so its connection is better kept: hence longer and longer waits.
constexpr milliseconds kFirstWait{300};
constexpr milliseconds kLongestWait{2000};

Error vm_is_gone(const std::string& object, const std::string& cause) {
    return {ErrorCode::unavailable,
            "cannot talk to the agent at \"" + object + "\": the VM does not run (any more)",
            cause};
}

sockaddr_un unix_address(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.native().size() >= sizeof address.sun_path) {
        throw base::errno_error("connect to", path.native(), ENAMETOOLONG);
    }
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    return address;
}

// Not base::connect_unix: a QEMU that hangs stops accepting, and a blocking connect would then
// outlast every deadline.
base::UniqueFd connect_port(const std::filesystem::path& path, Deadline deadline) {
    const sockaddr_un address = unix_address(path);
    for (;;) {
        base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!socket.valid()) {
            throw base::errno_error("create a socket for", path.native(), errno);
        }
        const auto* name = reinterpret_cast<const sockaddr*>(&address);
        if (::connect(socket.get(), name, sizeof address) == 0) {
            return socket;
        }
        if (errno == ECONNREFUSED || errno == ENOENT) {
            throw vm_is_gone(path.native(), base::errno_text(errno));
        }
        if (errno != EAGAIN && errno != EINTR) {
            throw base::errno_error("connect to", path.native(), errno);
        }
        if (deadline.passed()) {
            throw Error(ErrorCode::timeout,
                        "cannot connect to \"" + path.native() + "\": QEMU does not answer");
        }
        base::throw_if_interrupted();
        std::this_thread::sleep_for(kPollInterval);
    }
}

// Waits for the first byte, in pieces, so that an interruption is noticed; what comes is
// greet_guest's.
void await_bytes(base::FdRef connection, Deadline deadline) {
    pollfd waiting{connection.get(), POLLIN, 0};
    int ready = 0;
    while (ready <= 0 && !deadline.passed()) {
        const auto piece = std::min(deadline.remaining(), base::kInterruptionInterval);
        ready = ::poll(&waiting, 1, static_cast<int>(piece.count()));
        base::throw_if_interrupted();
    }
}

// False: no greeting within `wait`, and there is time for another connection.
bool greeted(base::FdRef connection,
             const std::string& object,
             milliseconds wait,
             Deadline deadline) {
    const Deadline this_time = deadline.at_most(wait);
    try {
        await_bytes(connection, this_time);
        static_cast<void>(greet_guest(connection, this_time));
        return true;
    } catch (const Error& error) {
        if (error.code() == ErrorCode::unavailable) {
            throw vm_is_gone(object, error.what());
        }
        if (error.code() != ErrorCode::timeout) {
            throw;
        }
        if (deadline.passed()) {
            throw Error(ErrorCode::timeout,
                        "cannot talk to the agent at \"" + object +
                            "\": the agent did not greet in time; look at the VM's console log");
        }
        return false;
    }
}

template <typename Connect>
base::UniqueFd connect_and_greet(Connect connect, const std::string& object, Deadline deadline) {
    milliseconds wait = kFirstWait;
    for (;;) {
        base::UniqueFd connection = connect();
        if (greeted(connection.ref(), object, wait, deadline)) {
            return connection;
        }
        connection.reset();
        std::this_thread::sleep_for(kPauseBeforeReconnect);
        wait = std::min(wait * 2, kLongestWait);
    }
}

std::filesystem::path port_file(const sandbox::AgentAddress& address,
                                unsigned port,
                                const char* suffix) {
    return address.ports_dir / (std::to_string(port) + suffix);
}

std::optional<base::FileLock> try_lock(const sandbox::AgentAddress& address, unsigned port) {
    const std::filesystem::path path = port_file(address, port, ".lock");
    try {
        return base::FileLock::try_acquire(path, base::FileLock::Mode::exclusive);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::not_found) {
            throw vm_is_gone(path.native(), error.what());
        }
        throw;
    }
}

// When the port was last taken, in nanoseconds; 0: never.
std::int64_t last_taken(const sandbox::AgentAddress& address, unsigned port) {
    struct stat status {};
    if (::stat(port_file(address, port, ".lock").c_str(), &status) != 0) {
        return 0;
    }
    return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

// The port that has rested longest comes first: the guest may not have noticed yet that the last
// conversation on a port has ended, and then its greeting is late by kFirstWait.
std::vector<unsigned> ports_by_rest(const sandbox::AgentAddress& address) {
    std::vector<std::pair<std::int64_t, unsigned>> ports;
    for (unsigned port = 0; port < address.port_count; ++port) {
        ports.emplace_back(last_taken(address, port), port);
    }
    std::sort(ports.begin(), ports.end());
    std::vector<unsigned> order;
    order.reserve(ports.size());
    for (const auto& [taken, port] : ports) {
        order.push_back(port);
    }
    return order;
}

struct LockedPort {
    unsigned number = 0;
    base::FileLock lock;
};

unsigned lasting_ports(const sandbox::AgentAddress& address) {
    constexpr unsigned kForCommands = 2;
    return address.port_count < 2 * kForCommands ? address.port_count
                                                 : address.port_count - kForCommands;
}

bool leaves_a_lasting_port(const sandbox::AgentAddress& address, unsigned taken) {
    const unsigned lasting = lasting_ports(address);
    if (taken >= lasting || lasting == address.port_count) {
        return true;
    }
    for (unsigned port = 0; port < lasting; ++port) {
        if (port != taken && try_lock(address, port)) {
            return true;
        }
    }
    return false;
}

std::optional<LockedPort> try_lock_port(const sandbox::AgentAddress& address,
                                        unsigned port,
                                        PortUse use) {
    if (use == PortUse::lasting && port >= lasting_ports(address)) {
        return std::nullopt;
    }
    auto lock = try_lock(address, port);
    if (!lock || (use == PortUse::command && !leaves_a_lasting_port(address, port))) {
        return std::nullopt;
    }
    ::futimens(lock->fd().get(), nullptr);
    return LockedPort{port, std::move(*lock)};
}

LockedPort lock_free_port(const sandbox::AgentAddress& address, Deadline deadline, PortUse use) {
    const unsigned usable = use == PortUse::lasting ? lasting_ports(address) : address.port_count;
    for (;;) {
        for (const unsigned port : ports_by_rest(address)) {
            if (auto locked = try_lock_port(address, port, use)) {
                return std::move(*locked);
            }
        }
        if (deadline.passed()) {
            throw Error(ErrorCode::timeout,
                        "cannot talk to the agent at \"" + address.ports_dir.native() + "\": all " +
                            std::to_string(usable) +
                            " ports of the VM are in use, one for each container and each exec "
                            "session that "
                            "runs; end some and try again");
        }
        base::throw_if_interrupted();
        std::this_thread::sleep_for(kPollInterval);
    }
}

sandbox::DialedPort dial_port(const sandbox::AgentAddress& address,
                              Deadline deadline,
                              PortUse use) {
    if (address.port_count == 0) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot talk to the agent at \"" + address.ports_dir.native() +
                        "\": the VM has no port for it");
    }
    LockedPort port = lock_free_port(address, deadline, use);
    const std::filesystem::path socket = port_file(address, port.number, ".sock");
    base::UniqueFd connection = connect_and_greet(
        [&] { return connect_port(socket, deadline); }, socket.native(), deadline);
    return {std::move(connection), port.lock.release()};
}

sandbox::DialedPort dial_vsock(std::uint32_t cid, Deadline deadline) {
    const std::string object = "vsock:" + std::to_string(cid);
    return {connect_and_greet([&] { return connect_vsock(cid, deadline); }, object, deadline), {}};
}

}  // namespace

sandbox::DialedPort dial_agent(const sandbox::AgentAddress& address,
                               Deadline deadline,
                               PortUse use) {
    return address.vsock_cid ? dial_vsock(*address.vsock_cid, deadline)
                             : dial_port(address, deadline, use);
}

}  // namespace kata::agent
