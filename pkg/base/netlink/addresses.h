// IP addresses of links. Every function: @throws base::Error with the address.
#pragma once

#include <string>
#include <vector>

#include "pkg/base/netlink/records.h"
#include "pkg/base/netlink/socket.h"

namespace kata::netlink {

[[nodiscard]] std::vector<Address> list_addresses(Socket& socket);

/// @param address with its prefix length. An IPv6 one is usable at once: no other host is asked
/// whether it has it. One that is there already is fine.
void add_address(Socket& socket, int link, const std::string& address);

/// One that is not there is fine.
void remove_address(Socket& socket, int link, const std::string& address);

}  // namespace kata::netlink
