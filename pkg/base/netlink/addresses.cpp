#include "pkg/base/netlink/addresses.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "pkg/base/error.h"
#include "pkg/base/netlink/parse.h"

namespace kata::netlink {
namespace {

Message address_message(int type, int flags, int link, const std::string& text) {
    const Prefix prefix = parse_prefix(text);
    const int family = family_of(prefix.address);
    ifaddrmsg header{};
    header.ifa_family = static_cast<unsigned char>(family);
    header.ifa_prefixlen = static_cast<unsigned char>(prefix.length);
    header.ifa_index = static_cast<unsigned>(link);
    header.ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
    Message message(type, flags);
    message.header(header);
    message.put_ip(IFA_LOCAL, prefix.address, family);
    message.put_ip(IFA_ADDRESS, prefix.address, family);
    return message;
}

std::string broadcast_of(const Prefix& prefix) {
    in_addr address{};
    ::inet_pton(AF_INET, prefix.address.c_str(), &address);
    const std::uint32_t hosts = 0xffffffffU >> prefix.length;
    address.s_addr |= htonl(hosts);
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &address, text.data(), text.size());
    return text.data();
}

}  // namespace

std::vector<Address> list_addresses(Socket& socket) {
    Message message(RTM_GETADDR, NLM_F_DUMP);
    message.header(ifaddrmsg{});
    std::vector<Address> addresses;
    socket.dump(std::move(message), "list the network addresses", [&](const nlmsghdr& header) {
        if (auto address = parse_address(header)) {
            addresses.push_back(std::move(*address));
        }
    });
    return addresses;
}

void add_address(Socket& socket, int link, const std::string& address) {
    Message message = address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, link, address);
    const Prefix prefix = parse_prefix(address);
    // Tools do the same; the kernel itself sets no broadcast address.
    if (family_of(prefix.address) == AF_INET && prefix.length < 31) {
        message.put_ip(IFA_BROADCAST, broadcast_of(prefix), AF_INET);
    }
    socket.request(std::move(message), "add the address", address);
}

void remove_address(Socket& socket, int link, const std::string& address) {
    try {
        socket.request(
            address_message(RTM_DELADDR, 0, link, address), "remove the address", address);
    } catch (const base::Error&) {
        const auto present = list_addresses(socket);
        const bool still_there = std::ranges::any_of(present, [&](const Address& one) {
            return one.link == link && one.address == address;
        });
        if (still_there) {
            throw;
        }
    }
}

}  // namespace kata::netlink
