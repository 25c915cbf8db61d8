// Links (network devices) of the namespace a Socket belongs to. Every function: @throws base::Error
// with the link's name or number.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pkg/base/netlink/records.h"
#include "pkg/base/netlink/socket.h"

namespace kata::netlink {

[[nodiscard]] std::vector<Link> list_links(Socket& socket);

/// nullopt: there is none of that name.
[[nodiscard]] std::optional<Link> find_link(Socket& socket, const std::string& name);

void set_link_up(Socket& socket, int link);
void set_link_down(Socket& socket, int link);
void set_mtu(Socket& socket, int link, unsigned mtu);
void set_arp(Socket& socket, int link, bool on);

/// Only while the link is down (on older kernels). @throws already_exists if the name is taken.
void rename_link(Socket& socket, int link, const std::string& name);

/// The kernel gives the link no IPv6 address of its own making from now on. A kernel without IPv6
/// is fine.
void disable_ipv6_autoconfiguration(Socket& socket, int link);

/// Moves the link into another namespace, where it is down and may have another number.
void move_link(Socket& socket, int link, base::FdRef network_namespace);

/// A macvtap that gets all that arrives at `lower` (mode passthru: it has that link's MAC address),
/// a link of the socket's namespace, made in `name_space` at once. @throws invalid_state if
/// something else sits on `lower`.
void create_macvtap(Socket& socket, const std::string& name, int lower, base::FdRef name_space);

/// One that does not exist is fine.
void delete_link(Socket& socket, const std::string& name);

}  // namespace kata::netlink
