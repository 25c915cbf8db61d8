// Traffic control: what leaves a link waits in a queue that a token bucket empties (tbf), so that
// it leaves at a rate at most. What finds the queue full is dropped.
//
// A limit made here has a handle of its own: it is told from a qdisc that somebody else has made,
// which is neither replaced nor removed.
#pragma once

#include <cstdint>

#include "pkg/base/netlink/records.h"
#include "pkg/base/netlink/socket.h"

namespace kata::netlink {

/// In place of a limit that was made here before. @param bits_per_second 0: no limit, none is made.
/// @throws base::Error already_exists if the link has a root qdisc of somebody else.
void limit_what_leaves(Socket& socket, const Link& link, std::uint64_t bits_per_second);

/// Bits per second; 0: there is no limit that was made here.
[[nodiscard]] std::uint64_t limit_of_what_leaves(Socket& socket, int link);

/// None there is fine.
void remove_limit(Socket& socket, int link);

}  // namespace kata::netlink
