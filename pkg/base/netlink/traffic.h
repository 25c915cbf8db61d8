// Traffic control: all that arrives at one link is sent out of another one, in the kernel. Made of
// an ingress qdisc and one filter that matches everything.
#pragma once

#include <optional>

#include "pkg/base/netlink/socket.h"

namespace kata::netlink {

/// What stands at the ingress of a link.
struct Ingress {
    bool qdisc = false;
    bool redirected = false;  // by a filter such as redirect_all() makes
    int target = 0;           // index of the link it goes to; 0: that link is gone
};
[[nodiscard]] Ingress ingress_of(Socket& socket, int link);

/// @throws base::Error already_exists if `from` has an ingress qdisc already.
void redirect_all(Socket& socket, int from, int to);

/// Takes the ingress qdisc away, with its filters. None there, or no such link, is fine.
void remove_ingress(Socket& socket, int link);

}  // namespace kata::netlink
