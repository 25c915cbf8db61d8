#include "pkg/sandbox/network/scan.h"

#include <algorithm>

#include "pkg/base/netlink/addresses.h"
#include "pkg/base/netlink/links.h"
#include "pkg/base/netlink/routes.h"
#include "pkg/base/netlink/socket.h"
#include "pkg/sandbox/network/interface_kind.h"

namespace kata::sandbox {

NetworkScan scan_network(base::FdRef network_namespace) {
    netlink::Socket socket(network_namespace);
    NetworkScan scan;
    scan.links = netlink::list_links(socket);
    std::ranges::sort(scan.links, {}, &netlink::Link::name);
    const bool nothing = std::ranges::all_of(scan.links, [](const netlink::Link& link) {
        return kind_of(link) == InterfaceKind::loopback;
    });
    if (nothing) {
        return scan;
    }
    scan.addresses = netlink::list_addresses(socket);
    scan.routes = netlink::list_routes(socket);
    scan.neighbors = netlink::list_neighbors(socket);
    return scan;
}

}  // namespace kata::sandbox
