// Queueing disciplines of a link, as the kernel lists and forgets them: what traffic.h and
// rate_limit.h have in common. Which of them are ours is for those two to say.
#pragma once

#include <linux/rtnetlink.h>

#include <functional>

#include "pkg/base/netlink/socket.h"

namespace kata::netlink {

/// The fixed part of a message about a link's traffic control; parent and handle are 0.
[[nodiscard]] tcmsg traffic_header(int link);

/// Calls `visit` with each qdisc that the kernel lists, of whichever link.
void list_qdiscs(Socket& socket, int link, const std::function<void(const nlmsghdr&)>& visit);

/// @param which its parent and handle. @param what for messages, as in "remove the ingress qdisc".
void remove_qdisc(Socket& socket, const tcmsg& which, const char* what);

}  // namespace kata::netlink
