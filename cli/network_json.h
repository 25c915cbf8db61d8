// Interfaces and routes in the JSON of Kata 1.x's `kata-network`, whose member names are those of
// its Go types:
//   {"Device":"eth1","Name":"eth1","IPAddresses":[{"Family":2,"Address":"10.0.0.2","Mask":"24"}],
//    "Mtu":1500,"RawFlags":0,"HwAddr":"02:...","PciPath":"","LinkType":""}
//   {"Dest":"10.1.0.0/16","Gateway":"10.0.0.1","Device":"eth1","Source":"","Scope":0}
// As in Go, upper and lower case of a name are the same when it is read, and unknown members are
// passed over. Families are AF_INET (2) and AF_INET6 (10).
#pragma once

#include <string>
#include <vector>

#include "pkg/sandbox/guest_network.h"

namespace kata::cli {

/// What an Interface document names: a device of the container's network namespace, and what it
/// shall be in the guest.
struct InterfaceRequest {
    std::string device;
    sandbox::GuestInterface interface;
};

/// @throws base::Error invalid_argument naming the member.
[[nodiscard]] InterfaceRequest parse_interface(const std::string& text);
[[nodiscard]] std::vector<sandbox::GuestRoute> parse_routes(const std::string& text);

/// One line each.
[[nodiscard]] std::string interface_json(const sandbox::GuestInterface& interface);
[[nodiscard]] std::string interfaces_json(const std::vector<sandbox::GuestInterface>& interfaces);
[[nodiscard]] std::string routes_json(const std::vector<sandbox::GuestRoute>& routes);

}  // namespace kata::cli
