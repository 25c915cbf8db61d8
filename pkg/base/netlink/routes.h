// Routes and neighbours. Every function: @throws base::Error with the destination.
#pragma once

#include <vector>

#include "pkg/base/netlink/records.h"
#include "pkg/base/netlink/socket.h"

namespace kata::netlink {

/// Those of every table and type.
[[nodiscard]] std::vector<Route> list_routes(Socket& socket);

/// Into the main table, in place of one to the same destination with the same metric.
/// @param route its link, family, destination, gateway, source, scope, metric and on_link count.
void add_route(Socket& socket, const Route& route);

/// One that does not exist is fine.
void remove_route(Socket& socket, const Route& route);

[[nodiscard]] std::vector<Neighbor> list_neighbors(Socket& socket);
void add_neighbor(Socket& socket, const Neighbor& neighbor);

/// Whether the route is one that somebody set: in the main table, unicast, not the kernel's own.
[[nodiscard]] bool is_configured_route(const Route& route);

}  // namespace kata::netlink
