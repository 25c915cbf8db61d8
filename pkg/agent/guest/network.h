// The network of this VM, set up as the host asks: what UpdateInterface, UpdateRoutes
// and their like do, without gRPC. Every call opens its own conversation with the kernel, so that
// calls need no lock; the host makes them one after the other.
//
// What the host says is checked by the kernel; names and addresses in errors are made printable.
#pragma once

#include <string>
#include <vector>

#include "pkg/base/deadline.h"
#include "pkg/base/netlink/records.h"

namespace kata::agent::guest {

struct InterfaceSetup {
    std::string name;
    std::string mac;   // finds the interface
    unsigned mtu = 0;  // 0: as it is
    std::vector<std::string> addresses;
    bool no_arp = false;
};

/// A route or neighbour by the name of its interface instead of its number.
struct NamedRoute {
    netlink::Route route;
    std::string device;
};
struct NamedNeighbor {
    netlink::Neighbor neighbor;
    std::string device;
};

/// Waits for the interface, names it (one that has the name already gets another), gives it exactly
/// these addresses and brings it up. @throws base::Error not_found if it has not appeared at the
/// deadline.
void set_up_interface(const InterfaceSetup& setup, base::Deadline deadline);

/// Takes the interface down and its addresses away. One that does not exist is fine.
void remove_interface(const std::string& mac);

/// Replaces every route that is not the kernel's own. @throws base::Error for the first route that
/// the kernel refuses; those before it are set.
void set_routes(std::vector<NamedRoute> routes);

void add_neighbors(const std::vector<NamedNeighbor>& neighbors);

[[nodiscard]] std::vector<InterfaceSetup> list_interfaces();
/// Without the kernel's own routes to its addresses and those to other hosts that it learns.
[[nodiscard]] std::vector<NamedRoute> list_routes();

}  // namespace kata::agent::guest
