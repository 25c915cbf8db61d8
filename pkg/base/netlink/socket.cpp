#include "pkg/base/netlink/socket.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <string>
#include <vector>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "pkg/base/error.h"
#include "pkg/base/netlink/network_namespace.h"

namespace kata::netlink {
namespace {

// The kernel fills replies to dumps up to 32 KiB.
constexpr std::size_t kBufferSize = 64 * 1024;
// The kernel answers at once; this is for a bug, not for a slow host.
constexpr timeval kPatience{30, 0};

std::string object_text(std::string_view object) {
    return object.empty() ? "" : " \"" + base::printable(object, 256) + "\"";
}

// What the kernel says beside the number, if anything (NLMSGERR_ATTR_MSG).
std::string kernel_words(const nlmsghdr& header) {
    if ((header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) {
        return "";
    }
    const auto* report = static_cast<const nlmsgerr*>(NLMSG_DATA(&header));
    std::size_t offset = sizeof(nlmsgerr);
    if ((header.nlmsg_flags & NLM_F_CAPPED) == 0) {
        offset += NLMSG_ALIGN(report->msg.nlmsg_len - NLMSG_HDRLEN);
    }
    const std::size_t size = header.nlmsg_len - NLMSG_HDRLEN;
    if (offset >= size) {
        return "";
    }
    const auto* attributes = reinterpret_cast<const char*>(report) + offset;
    const nlattr* found = nla_find(reinterpret_cast<const nlattr*>(attributes),
                                   static_cast<int>(size - offset),
                                   NLMSGERR_ATTR_MSG);
    return found == nullptr ? "" : base::printable(nla_get_string(found), 256);
}

// @param header the last of an answer, whose number is negative for a failure.
void check(const nlmsghdr& header, std::string_view operation, std::string_view object) {
    const auto* report = static_cast<const nlmsgerr*>(NLMSG_DATA(&header));
    if (report->error >= 0) {
        return;
    }
    const base::Error plain = base::errno_error(operation, object, -report->error);
    const std::string words = kernel_words(header);
    if (words.empty()) {
        throw base::Error(plain);
    }
    throw base::Error(plain.code(),
                      "cannot " + std::string(operation) + object_text(object),
                      base::errno_text(-report->error) + " (" + words + ")");
}

}  // namespace

base::UniqueFd open_netlink_socket(std::uint32_t groups) {
    base::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = groups;
    if (!fd.valid() ||
        ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw base::errno_error("open", "a socket to the kernel's network", errno);
    }
    const int on = 1;
    ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    return fd;
}

Socket::Socket() : fd_(open_netlink_socket(0)) {}

Socket::Socket(base::FdRef network_namespace) {
    in_network_namespace(network_namespace, [this] { fd_ = open_netlink_socket(0); });
}

void Socket::send(Message& message, std::string_view operation, std::string_view object) {
    nlmsghdr* header = message.raw();
    header->nlmsg_seq = ++sequence_;
    header->nlmsg_pid = 0;
    if (::send(fd_.get(), header, header->nlmsg_len, 0) < 0) {
        throw base::errno_error(operation, object, errno);
    }
}

void Socket::request(Message message, std::string_view operation, std::string_view object) {
    message.raw()->nlmsg_flags |= NLM_F_ACK;
    send(message, operation, object);
    receive(operation, object, [](const nlmsghdr&) {});
}

void Socket::dump(Message message,
                  std::string_view operation,
                  const std::function<void(const nlmsghdr&)>& each) {
    send(message, operation, "");
    receive(operation, "", each);
}

void Socket::receive(std::string_view operation,
                     std::string_view object,
                     const std::function<void(const nlmsghdr&)>& each) {
    std::vector<char> buffer(kBufferSize);
    for (;;) {
        const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            throw base::errno_error(operation, object, errno);
        }
        auto left = static_cast<int>(count);
        for (auto* header = reinterpret_cast<nlmsghdr*>(buffer.data()); nlmsg_ok(header, left) != 0;
             header = nlmsg_next(header, &left)) {
            if (header->nlmsg_seq != sequence_) {
                continue;
            }
            if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
                check(*header, operation, object);
                return;
            }
            each(*header);
        }
    }
}

}  // namespace kata::netlink
