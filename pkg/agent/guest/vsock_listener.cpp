#include "pkg/agent/guest/vsock_listener.h"

#include <linux/vm_sockets.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/agent/protocol/greeting.h"
#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

constexpr int kBacklog = 64;

base::UniqueFd listen_on_vsock() {
    base::UniqueFd socket(::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.valid()) {
        return {};
    }
    sockaddr_vm address{};
    address.svm_family = AF_VSOCK;
    address.svm_cid = VMADDR_CID_ANY;
    address.svm_port = kVsockPort;
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(socket.get(), kBacklog) != 0) {
        log_error("cannot listen on vsock: " + base::errno_text(errno));
        return {};
    }
    return socket;
}

}  // namespace

void GreetingRoom::welcome(base::UniqueFd connection) {
    const auto visitor = visitors_.emplace(visitors_.end());
    visitor->connection = std::move(connection);
    visitor->watch = loop_.watch(visitor->connection.ref(),
                                 EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                 [this, visitor](std::uint32_t) { advance(visitor); });
}

void GreetingRoom::advance(Visitors::iterator visitor) {
    const auto progress = visitor->greeting.advance(visitor->connection.ref());
    if (progress == GuestGreeting::Progress::blocked) {
        return;
    }
    visitor->watch.reset();
    base::UniqueFd connection = std::move(visitor->connection);
    visitors_.erase(visitor);
    if (progress == GuestGreeting::Progress::greeted) {
        on_connection_(std::move(connection));
    }
}

VsockListener::VsockListener(EventLoop& loop, ConnectionHandler on_connection)
    : room_(loop, std::move(on_connection)) {
    if (::access("/dev/vsock", F_OK) != 0) {
        return;
    }
    listener_ = listen_on_vsock();
    if (listener_.valid()) {
        watch_ = loop.watch(listener_.ref(), EPOLLIN, [this](std::uint32_t) { accept_all(); });
    }
}

void VsockListener::accept_all() {
    for (;;) {
        base::UniqueFd connection(
            ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!connection.valid()) {
            return;
        }
        room_.welcome(std::move(connection));
    }
}

}  // namespace kata::agent::guest
