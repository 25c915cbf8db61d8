// NetworkScan: what a network namespace held at one moment, as the kernel tells it. Passive; what
// it means for a VM is guest_view.h.
#pragma once

#include <vector>

#include "pkg/base/netlink/records.h"
#include "pkg/base/unique_fd.h"

namespace kata::sandbox {

struct NetworkScan {
    std::vector<netlink::Link> links;  // sorted by name
    std::vector<netlink::Address> addresses;
    std::vector<netlink::Route> routes;
    std::vector<netlink::Neighbor> neighbors;
};

/// A namespace with nothing but a loopback interface costs one question.
/// @throws base::Error
[[nodiscard]] NetworkScan scan_network(base::FdRef network_namespace);

}  // namespace kata::sandbox
