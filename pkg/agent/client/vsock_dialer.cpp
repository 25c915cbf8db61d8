#include "pkg/agent/client/vsock_dialer.h"

#include <poll.h>
#include <sys/socket.h>
// linux/vm_sockets.h needs sockaddr from above.
#include <linux/vm_sockets.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "pkg/agent/protocol/greeting.h"
#include "pkg/base/error.h"
#include "pkg/base/interruption.h"

namespace kata::agent {
namespace {

constexpr std::chrono::milliseconds kRetryInterval{5};

// The errno of one attempt to connect, 0 for success.
int try_connect(base::FdRef socket, std::uint32_t cid, base::Deadline deadline) {
    sockaddr_vm address{};
    address.svm_family = AF_VSOCK;
    address.svm_cid = cid;
    address.svm_port = kVsockPort;
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    pollfd waiting{socket.get(), POLLOUT, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(deadline.remaining().count()));
    if (ready <= 0) {
        return ready == 0 ? ETIMEDOUT : errno;
    }
    int error_number = 0;
    socklen_t size = sizeof error_number;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error_number, &size) != 0) {
        return errno;
    }
    return error_number;
}

}  // namespace

bool is_booting_error(int error_number) {
    switch (error_number) {
        case ECONNRESET:  // the guest's kernel is up, nobody listens yet
        case ECONNREFUSED:
        case ENODEV:  // the guest has not set its context id up yet
        case ENETUNREACH:
        case EHOSTUNREACH:
        case ETIMEDOUT:
        case EINTR:
            return true;
        default:
            return false;
    }
}

base::UniqueFd connect_vsock(std::uint32_t cid, base::Deadline deadline) {
    const std::string name = "vsock:" + std::to_string(cid) + ":" + std::to_string(kVsockPort);
    for (;;) {
        base::UniqueFd socket(::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!socket.valid() && (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT)) {
            throw base::Error(base::ErrorCode::unsupported,
                              "cannot connect to \"" + name +
                                  "\": this host has no vsock; load the module vhost_vsock or set "
                                  "use_vsock = false");
        }
        if (!socket.valid()) {
            throw base::errno_error("create a socket for", name, errno);
        }
        const int error_number = try_connect(socket.ref(), cid, deadline);
        if (error_number == 0) {
            return socket;
        }
        if (!is_booting_error(error_number)) {
            throw base::errno_error("connect to", name, error_number);
        }
        if (deadline.passed()) {
            throw base::Error(base::ErrorCode::timeout,
                              "cannot connect to \"" + name + "\": the guest does not listen",
                              base::errno_text(error_number));
        }
        base::throw_if_interrupted();
        std::this_thread::sleep_for(kRetryInterval);
    }
}

}  // namespace kata::agent
