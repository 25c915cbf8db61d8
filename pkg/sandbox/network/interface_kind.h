// InterfaceKind: what an interface of a network namespace is to us. A pure function of what
// rtnetlink says.
#pragma once

#include <string>

#include "pkg/base/netlink/records.h"

namespace kata::sandbox {

enum class InterfaceKind {
    loopback,
    veth,
    macvlan,
    macvtap,
    tap,
    ipvlan,
    physical,     // a card of the host that was moved here
    ours,         // the tap of a VM
    unsupported,  // what no VM can be connected to: a tun, a tunnel, a bridge, ...
};

[[nodiscard]] InterfaceKind kind_of(const netlink::Link& link);

/// Whether the name is one that tap_name() (endpoint.h) makes.
[[nodiscard]] bool is_tap_name(const std::string& name);

}  // namespace kata::sandbox
