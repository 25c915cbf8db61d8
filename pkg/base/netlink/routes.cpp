#include "pkg/base/netlink/routes.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "pkg/base/error.h"
#include "pkg/base/netlink/parse.h"

namespace kata::netlink {
namespace {

std::string name_of(const Route& route) {
    return route.destination.empty() ? "default" : route.destination;
}

Message route_message(int type, int flags, const Route& route) {
    const Prefix prefix = route.destination.empty() ? Prefix{} : parse_prefix(route.destination);
    rtmsg header{};
    header.rtm_family = static_cast<unsigned char>(route.family);
    header.rtm_dst_len = static_cast<unsigned char>(prefix.length);
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_protocol = RTPROT_BOOT;
    header.rtm_scope = static_cast<unsigned char>(route.scope);
    header.rtm_type = RTN_UNICAST;
    header.rtm_flags = route.on_link ? static_cast<unsigned>(RTNH_F_ONLINK) : 0U;
    Message message(type, flags);
    message.header(header);
    if (!route.destination.empty()) {
        message.put_ip(RTA_DST, prefix.address, route.family);
    }
    if (!route.gateway.empty()) {
        message.put_ip(RTA_GATEWAY, route.gateway, route.family);
    }
    if (route.link != 0) {
        message.put_u32(RTA_OIF, static_cast<std::uint32_t>(route.link));
    }
    if (!route.source.empty()) {
        message.put_ip(RTA_PREFSRC, route.source, route.family);
    }
    if (route.metric != 0) {
        message.put_u32(RTA_PRIORITY, route.metric);
    }
    return message;
}

}  // namespace

std::vector<Route> list_routes(Socket& socket) {
    Message message(RTM_GETROUTE, NLM_F_DUMP);
    message.header(rtmsg{});
    std::vector<Route> routes;
    socket.dump(std::move(message), "list the routes", [&](const nlmsghdr& header) {
        if (auto route = parse_route(header)) {
            routes.push_back(std::move(*route));
        }
    });
    return routes;
}

void add_route(Socket& socket, const Route& route) {
    socket.request(route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route),
                   "add the route to",
                   name_of(route));
}

void remove_route(Socket& socket, const Route& route) {
    Message message = route_message(RTM_DELROUTE, 0, route);
    auto* fixed = reinterpret_cast<rtmsg*>(NLMSG_DATA(message.raw()));
    fixed->rtm_protocol = static_cast<unsigned char>(route.protocol);
    try {
        socket.request(std::move(message), "remove the route to", name_of(route));
    } catch (const base::Error& error) {
        if (error.code() != base::ErrorCode::not_found) {
            throw;
        }
    }
}

std::vector<Neighbor> list_neighbors(Socket& socket) {
    Message message(RTM_GETNEIGH, NLM_F_DUMP);
    message.header(ndmsg{});
    std::vector<Neighbor> neighbors;
    socket.dump(std::move(message), "list the neighbours", [&](const nlmsghdr& header) {
        if (auto neighbor = parse_neighbor(header)) {
            neighbors.push_back(std::move(*neighbor));
        }
    });
    return neighbors;
}

void add_neighbor(Socket& socket, const Neighbor& neighbor) {
    ndmsg header{};
    header.ndm_family = static_cast<unsigned char>(family_of(neighbor.address));
    header.ndm_ifindex = neighbor.link;
    header.ndm_state = static_cast<std::uint16_t>(neighbor.state);
    header.ndm_flags = static_cast<std::uint8_t>(neighbor.flags);
    Message message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
    message.header(header);
    message.put_ip(NDA_DST, neighbor.address, header.ndm_family);
    if (!neighbor.mac.empty()) {
        const std::string mac = mac_bytes(neighbor.mac);
        message.put(NDA_LLADDR, mac.data(), mac.size());
    }
    socket.request(std::move(message), "add the neighbour", neighbor.address);
}

bool is_configured_route(const Route& route) {
    return route.table == RT_TABLE_MAIN && route.type == RTN_UNICAST &&
           route.protocol != RTPROT_KERNEL && (route.family == AF_INET || route.family == AF_INET6);
}

}  // namespace kata::netlink
