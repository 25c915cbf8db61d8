// GuestView: a scan turned into what the guest shall have. A pure function, tested on recorded
// scans.
#pragma once

#include <vector>

#include "pkg/sandbox/guest_network.h"
#include "pkg/sandbox/network/interface_kind.h"
#include "pkg/sandbox/network/scan.h"

namespace kata::sandbox {

/// An interface that a VM is connected to.
struct ServedInterface {
    netlink::Link link;
    InterfaceKind kind{};
    GuestInterface guest;  // the same name, MAC address, MTU and addresses
};

struct GuestView {
    std::vector<ServedInterface> interfaces;  // by name
    std::vector<GuestRoute> routes;           // without those that follow from the addresses
    std::vector<GuestNeighbor> neighbors;     // the permanent ones
};

/// Left out are the loopback, interfaces without an address, and taps of VMs.
/// @throws base::Error unsupported for an interface with an address that no VM can be connected to;
/// invalid_argument if two have one MAC address, by which the guest could not tell them apart.
[[nodiscard]] GuestView guest_view(const NetworkScan& scan);

/// One interface by its name, also one without an address.
/// @throws base::Error not_found; unsupported as above.
[[nodiscard]] ServedInterface served_interface(const NetworkScan& scan, const std::string& name);

}  // namespace kata::sandbox
