#include "pkg/base/netlink/links.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <netlink/msg.h>

#include "pkg/base/error.h"
#include "pkg/base/netlink/parse.h"

namespace kata::netlink {
namespace {

ifinfomsg header_of(int link) {
    ifinfomsg header{};
    header.ifi_family = AF_UNSPEC;
    header.ifi_index = link;
    return header;
}

std::string number_text(int link) {
    return "number " + std::to_string(link);
}

void set_flag(Socket& socket, int link, unsigned flag, bool on, const char* operation) {
    ifinfomsg header = header_of(link);
    header.ifi_change = flag;
    header.ifi_flags = on ? flag : 0;
    Message message(RTM_NEWLINK, 0);
    message.header(header);
    socket.request(std::move(message), operation, number_text(link));
}

Message change_of(int link) {
    Message message(RTM_NEWLINK, 0);
    message.header(header_of(link));
    return message;
}

}  // namespace

std::vector<Link> list_links(Socket& socket) {
    Message message(RTM_GETLINK, NLM_F_DUMP);
    message.header(header_of(0));
    std::vector<Link> links;
    socket.dump(std::move(message), "list the network interfaces", [&](const nlmsghdr& header) {
        if (auto link = parse_link(header)) {
            links.push_back(std::move(*link));
        }
    });
    return links;
}

std::optional<Link> find_link(Socket& socket, const std::string& name) {
    for (Link& link : list_links(socket)) {
        if (link.name == name) {
            return std::move(link);
        }
    }
    return std::nullopt;
}

void set_link_up(Socket& socket, int link) {
    set_flag(socket, link, IFF_UP, true, "bring up the network interface");
}

void set_link_down(Socket& socket, int link) {
    set_flag(socket, link, IFF_UP, false, "take down the network interface");
}

void set_arp(Socket& socket, int link, bool on) {
    set_flag(socket, link, IFF_NOARP, !on, "set ARP of the network interface");
}

void set_mtu(Socket& socket, int link, unsigned mtu) {
    Message message = change_of(link);
    message.put_u32(IFLA_MTU, mtu);
    socket.request(std::move(message),
                   "set the MTU " + std::to_string(mtu) + " of the network interface",
                   number_text(link));
}

void rename_link(Socket& socket, int link, const std::string& name) {
    Message message = change_of(link);
    message.put_text(IFLA_IFNAME, name);
    socket.request(std::move(message), "name the network interface", name);
}

void disable_ipv6_autoconfiguration(Socket& socket, int link) {
    Message message = change_of(link);
    nlattr* families = message.begin_nest(IFLA_AF_SPEC);
    nlattr* ipv6 = message.begin_nest(AF_INET6);
    message.put_u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    message.end_nest(ipv6);
    message.end_nest(families);
    try {
        socket.request(std::move(message), "set up IPv6 of the interface", number_text(link));
    } catch (const base::Error& error) {
        if (error.code() == base::ErrorCode::not_found ||
            error.code() == base::ErrorCode::permission_denied) {
            throw;
        }
    }
}

void move_link(Socket& socket, int link, base::FdRef network_namespace) {
    Message message = change_of(link);
    message.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(network_namespace.get()));
    socket.request(std::move(message), "move the network interface", number_text(link));
}

void create_macvtap(Socket& socket, const std::string& name, int lower, base::FdRef name_space) {
    Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    message.header(header_of(0));
    message.put_text(IFLA_IFNAME, name);
    message.put_u32(IFLA_LINK, static_cast<std::uint32_t>(lower));
    message.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(name_space.get()));
    nlattr* information = message.begin_nest(IFLA_LINKINFO);
    message.put_text(IFLA_INFO_KIND, "macvtap");
    nlattr* data = message.begin_nest(IFLA_INFO_DATA);
    message.put_u32(IFLA_MACVLAN_MODE, MACVLAN_MODE_PASSTHRU);
    message.end_nest(data);
    message.end_nest(information);
    socket.request(std::move(message), "make the macvtap", name);
}

void delete_link(Socket& socket, const std::string& name) {
    const auto link = find_link(socket, name);
    if (!link) {
        return;
    }
    Message message(RTM_DELLINK, 0);
    message.header(header_of(link->index));
    try {
        socket.request(std::move(message), "delete the network interface", name);
    } catch (const base::Error& error) {
        if (error.code() != base::ErrorCode::not_found) {
            throw;
        }
    }
}

}  // namespace kata::netlink
