#include "pkg/base/netlink/watch.h"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "pkg/base/netlink/network_namespace.h"
#include "pkg/base/netlink/socket.h"

namespace kata::netlink {
namespace {

constexpr std::uint32_t kGroups =
    RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;

}  // namespace

LinkWatch::LinkWatch() : fd_(open_netlink_socket(kGroups)) {}

LinkWatch::LinkWatch(base::FdRef network_namespace) {
    in_network_namespace(network_namespace, [this] { fd_ = open_netlink_socket(kGroups); });
}

bool LinkWatch::wait(std::chrono::milliseconds patience) {
    pollfd polled{fd_.get(), POLLIN, 0};
    if (::poll(&polled, 1, static_cast<int>(patience.count())) <= 0) {
        return false;
    }
    return drain();
}

bool LinkWatch::drain() {
    std::array<char, 16384> buffer{};
    bool any = false;
    for (;;) {
        const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && errno == ENOBUFS) {  // some were lost, so there were some
            any = true;
            continue;
        }
        if (count <= 0) {
            return any;
        }
        any = true;
    }
}

}  // namespace kata::netlink
