// From the kernel's messages to records: pure functions, tested on recorded messages.
// Each returns nullopt for a message of another kind, or one that is cut short.
#pragma once

#include <cstdint>
#include <optional>

#include "pkg/base/netlink/records.h"

struct nlmsghdr;

namespace kata::netlink {

[[nodiscard]] std::optional<Link> parse_link(const nlmsghdr& header);
[[nodiscard]] std::optional<Address> parse_address(const nlmsghdr& header);
/// Of several next hops, the first.
[[nodiscard]] std::optional<Route> parse_route(const nlmsghdr& header);
[[nodiscard]] std::optional<Neighbor> parse_neighbor(const nlmsghdr& header);

/// A filter's redirection. @see traffic.h
struct Redirection {
    int qdisc_parent = 0;  // the parent of the filter
    int target = 0;        // index of the link; 0: that link is gone
};
/// nullopt also for a filter that does not redirect.
[[nodiscard]] std::optional<Redirection> parse_redirection(const nlmsghdr& header);

/// A token bucket at the root of a link. @see rate_limit.h
struct RateLimit {
    int link = 0;
    std::uint32_t handle = 0;
    std::uint64_t bytes_per_second = 0;
};
/// nullopt also for another qdisc.
[[nodiscard]] std::optional<RateLimit> parse_rate_limit(const nlmsghdr& header);

}  // namespace kata::netlink
