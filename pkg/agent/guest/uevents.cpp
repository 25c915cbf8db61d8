#include "pkg/agent/guest/uevents.h"

#include <linux/netlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "pkg/base/error.h"

namespace kata::agent::guest {

Uevents::Uevents(EventLoop& loop, Handler handler)
    : handler_(std::move(handler)),
      socket_(
          ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT)) {
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = 1;
    if (!socket_.valid() ||
        ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw base::errno_error("listen to", "device events", errno);
    }
    watch_ = loop.watch(socket_.ref(), EPOLLIN, [this](std::uint32_t) { receive(); });
}

void Uevents::receive() {
    std::array<char, 8192> buffer{};
    for (;;) {
        const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (count < 0 && errno == ENOBUFS) {
            handler_({});
            continue;
        }
        if (count <= 0) {
            return;
        }
        handler_({buffer.data(), static_cast<std::size_t>(count)});
    }
}

}  // namespace kata::agent::guest
