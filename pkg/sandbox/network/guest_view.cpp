#include "pkg/sandbox/network/guest_view.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>

#include "pkg/base/error.h"
#include "pkg/base/netlink/routes.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;

bool is_loopback(const std::string& address) {
    return address.starts_with("127.") || address.starts_with("::1/");
}

std::vector<std::string> addresses_of(const NetworkScan& scan, int link) {
    std::vector<std::string> addresses;
    for (const netlink::Address& address : scan.addresses) {
        if (address.link == link && !address.address.empty() && !is_loopback(address.address)) {
            addresses.push_back(address.address);
        }
    }
    return addresses;
}

void require_supported(const netlink::Link& link, InterfaceKind kind) {
    if (kind != InterfaceKind::unsupported) {
        return;
    }
    const std::string what = link.kind.empty()
                                 ? "of hardware type " + std::to_string(link.hardware_type)
                                 : "a " + base::printable(link.kind, 32);
    throw Error(ErrorCode::unsupported,
                "cannot connect the VM to interface \"" + base::printable(link.name, 32) + "\"",
                "it is " + what +
                    "; a VM can be connected to veth, macvlan, macvtap, ipvlan, tap and Ethernet "
                    "interfaces");
}

ServedInterface serve(const netlink::Link& link,
                      InterfaceKind kind,
                      std::vector<std::string> addresses) {
    require_supported(link, kind);
    return {link,
            kind,
            {.name = link.name,
             .mac = link.mac,
             .mtu = link.mtu,
             .addresses = std::move(addresses),
             .no_arp = (link.flags & IFF_NOARP) != 0}};
}

void require_distinct_macs(const std::vector<ServedInterface>& interfaces) {
    for (const ServedInterface& one : interfaces) {
        for (const ServedInterface& other : interfaces) {
            if (one.link.index != other.link.index && one.guest.mac == other.guest.mac) {
                throw Error(ErrorCode::invalid_argument,
                            "cannot connect the VM to interfaces \"" +
                                base::printable(one.link.name, 32) + "\" and \"" +
                                base::printable(other.link.name, 32) +
                                "\": both have the MAC address " + one.guest.mac);
            }
        }
    }
}

const ServedInterface* find(const GuestView& view, int link) {
    const auto found = std::ranges::find_if(
        view.interfaces, [&](const ServedInterface& served) { return served.link.index == link; });
    return found == view.interfaces.end() ? nullptr : &*found;
}

GuestRoute guest_route(const netlink::Route& route, const std::string& device) {
    return {.destination = route.destination,
            .gateway = route.gateway,
            .device = device,
            .source = route.source,
            .scope = route.scope,
            .family = route.family == AF_INET6 ? 6U : 4U,
            .metric = route.metric,
            .on_link = route.on_link};
}

}  // namespace

GuestView guest_view(const NetworkScan& scan) {
    GuestView view;
    for (const netlink::Link& link : scan.links) {
        const InterfaceKind kind = kind_of(link);
        auto addresses = addresses_of(scan, link.index);
        if (kind == InterfaceKind::loopback || kind == InterfaceKind::ours || addresses.empty()) {
            continue;
        }
        view.interfaces.push_back(serve(link, kind, std::move(addresses)));
    }
    require_distinct_macs(view.interfaces);
    for (const netlink::Route& route : scan.routes) {
        const ServedInterface* served = find(view, route.link);
        if (served != nullptr && netlink::is_configured_route(route)) {
            view.routes.push_back(guest_route(route, served->guest.name));
        }
    }
    for (const netlink::Neighbor& neighbor : scan.neighbors) {
        const ServedInterface* served = find(view, neighbor.link);
        if (served != nullptr && (neighbor.state & NUD_PERMANENT) != 0 && !neighbor.mac.empty()) {
            view.neighbors.push_back({neighbor.address,
                                      served->guest.name,
                                      neighbor.mac,
                                      neighbor.state,
                                      neighbor.flags});
        }
    }
    return view;
}

ServedInterface served_interface(const NetworkScan& scan, const std::string& name) {
    const auto found = std::ranges::find(scan.links, name, &netlink::Link::name);
    if (found == scan.links.end() || kind_of(*found) == InterfaceKind::loopback ||
        kind_of(*found) == InterfaceKind::ours) {
        throw Error(ErrorCode::not_found,
                    "the container's network has no interface \"" + base::printable(name, 32) +
                        "\" that a VM could be connected to");
    }
    return serve(*found, kind_of(*found), addresses_of(scan, found->index));
}

}  // namespace kata::sandbox
