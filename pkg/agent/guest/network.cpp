#include "pkg/agent/guest/network.h"

#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/netlink/addresses.h"
#include "pkg/base/netlink/links.h"
#include "pkg/base/netlink/routes.h"
#include "pkg/base/netlink/socket.h"
#include "pkg/base/netlink/watch.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;
using netlink::Link;
using netlink::Socket;

constexpr std::size_t kMaxName = IFNAMSIZ - 1;
// Events are what is waited for; a lost one costs this much.
constexpr std::chrono::milliseconds kLookAgain{200};

std::optional<Link> find_by_mac(Socket& socket, const std::string& mac) {
    for (Link& link : netlink::list_links(socket)) {
        if (link.mac == mac && (link.flags & IFF_LOOPBACK) == 0) {
            return std::move(link);
        }
    }
    return std::nullopt;
}

Link await_link(Socket& socket, const std::string& mac, base::Deadline deadline) {
    netlink::LinkWatch watch;  // before the first look, so that none comes between
    for (;;) {
        if (auto link = find_by_mac(socket, mac)) {
            return std::move(*link);
        }
        if (deadline.passed()) {
            throw Error(ErrorCode::not_found,
                        "no interface with the MAC address \"" + base::printable(mac, 64) +
                            "\" has appeared");
        }
        static_cast<void>(watch.wait(std::min(kLookAgain, deadline.remaining())));
    }
}

void require_name(const std::string& name) {
    const auto bad = [](unsigned char byte) { return byte <= ' ' || byte == '/' || byte == 0x7f; };
    if (name.empty() || name.size() > kMaxName || name == "." || name == ".." ||
        std::any_of(name.begin(), name.end(), bad)) {
        throw Error(ErrorCode::invalid_argument,
                    "\"" + base::printable(name, 64) + "\" is no name of an interface");
    }
}

// The kernel numbers interfaces as it finds them, so another one may have the name by now.
void make_way(Socket& socket, const std::string& name) {
    if (const auto other = netlink::find_link(socket, name)) {
        netlink::set_link_down(socket, other->index);
        netlink::rename_link(socket, other->index, "kata" + std::to_string(other->index));
    }
}

void give_name(Socket& socket, const Link& link, const std::string& name) {
    if (link.name == name) {
        return;
    }
    make_way(socket, name);
    netlink::set_link_down(socket, link.index);
    netlink::rename_link(socket, link.index, name);
}

std::vector<std::string> addresses_of(Socket& socket, int link) {
    std::vector<std::string> own;
    for (netlink::Address& address : netlink::list_addresses(socket)) {
        if (address.link == link) {
            own.push_back(std::move(address.address));
        }
    }
    return own;
}

bool contains(const std::vector<std::string>& texts, const std::string& text) {
    return std::find(texts.begin(), texts.end(), text) != texts.end();
}

void give_addresses(Socket& socket, int link, const std::vector<std::string>& wanted) {
    const std::vector<std::string> present = addresses_of(socket, link);
    for (const std::string& address : present) {
        if (!contains(wanted, address)) {
            netlink::remove_address(socket, link, address);
        }
    }
    for (const std::string& address : wanted) {
        if (!contains(present, address)) {
            netlink::add_address(socket, link, address);
        }
    }
}

int index_of(const std::vector<Link>& links, const std::string& name) {
    const auto found = std::ranges::find(links, name, &Link::name);
    if (found == links.end()) {
        throw Error(ErrorCode::not_found,
                    "there is no interface \"" + base::printable(name, 64) + "\"");
    }
    return found->index;
}

std::string name_of(const std::vector<Link>& links, int index) {
    const auto found = std::ranges::find(links, index, &Link::index);
    return found == links.end() ? "" : found->name;
}

}  // namespace

void set_up_interface(const InterfaceSetup& setup, base::Deadline deadline) {
    require_name(setup.name);
    Socket socket;
    const Link link = await_link(socket, setup.mac, deadline);
    give_name(socket, link, setup.name);
    if (setup.mtu != 0 && setup.mtu != link.mtu) {
        netlink::set_mtu(socket, link.index, setup.mtu);
    }
    netlink::set_arp(socket, link.index, !setup.no_arp);
    netlink::disable_ipv6_autoconfiguration(socket, link.index);
    // Up first: the kernel drops IPv6 addresses of an interface that goes from down to up.
    netlink::set_link_up(socket, link.index);
    give_addresses(socket, link.index, setup.addresses);
}

void remove_interface(const std::string& mac) {
    Socket socket;
    const auto link = find_by_mac(socket, mac);
    if (!link) {
        return;
    }
    give_addresses(socket, link->index, {});
    netlink::set_link_down(socket, link->index);
}

void set_routes(std::vector<NamedRoute> routes) {
    Socket socket;
    const std::vector<Link> links = netlink::list_links(socket);
    for (NamedRoute& named : routes) {
        named.route.link = named.device.empty() ? 0 : index_of(links, named.device);
    }
    for (const netlink::Route& old : netlink::list_routes(socket)) {
        if (netlink::is_configured_route(old)) {
            netlink::remove_route(socket, old);
        }
    }
    // A gateway must be reachable when its route is set, so those on the link come first.
    std::stable_partition(routes.begin(), routes.end(), [](const NamedRoute& named) {
        return named.route.gateway.empty();
    });
    for (const NamedRoute& named : routes) {
        netlink::add_route(socket, named.route);
    }
}

void add_neighbors(const std::vector<NamedNeighbor>& neighbors) {
    Socket socket;
    const std::vector<Link> links = netlink::list_links(socket);
    for (const NamedNeighbor& named : neighbors) {
        netlink::Neighbor neighbor = named.neighbor;
        neighbor.link = index_of(links, named.device);
        netlink::add_neighbor(socket, neighbor);
    }
}

std::vector<InterfaceSetup> list_interfaces() {
    Socket socket;
    std::vector<InterfaceSetup> interfaces;
    for (const Link& link : netlink::list_links(socket)) {
        interfaces.push_back({link.name,
                              link.mac,
                              link.mtu,
                              addresses_of(socket, link.index),
                              (link.flags & IFF_NOARP) != 0});
    }
    return interfaces;
}

std::vector<NamedRoute> list_routes() {
    Socket socket;
    const std::vector<Link> links = netlink::list_links(socket);
    std::vector<NamedRoute> routes;
    for (netlink::Route& route : netlink::list_routes(socket)) {
        if (route.table == RT_TABLE_MAIN && route.type == RTN_UNICAST) {
            std::string device = name_of(links, route.link);
            routes.push_back({std::move(route), std::move(device)});
        }
    }
    return routes;
}

}  // namespace kata::agent::guest
