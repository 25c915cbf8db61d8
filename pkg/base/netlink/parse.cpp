#include "pkg/base/netlink/parse.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>

#include <array>
#include <cstdio>
#include <cstring>

#include <netlink/attr.h>
#include <netlink/msg.h>

namespace kata::netlink {
namespace {

// The attributes behind a family header; null for a message that is none of `type`, or too short.
template <typename Header>
class Attributes {
  public:
    Attributes(const nlmsghdr& header, int type) {
        if (header.nlmsg_type != type ||
            header.nlmsg_len < static_cast<unsigned>(nlmsg_size(sizeof(Header)))) {
            return;
        }
        family_header_ = static_cast<const Header*>(nlmsg_data(&header));
        first_ = nlmsg_attrdata(&header, sizeof(Header));
        size_ = nlmsg_attrlen(&header, sizeof(Header));
    }

    [[nodiscard]] bool valid() const { return family_header_ != nullptr; }
    [[nodiscard]] const Header& header() const { return *family_header_; }
    [[nodiscard]] const nlattr* find(int attribute) const {
        return nla_find(first_, size_, attribute);
    }

  private:
    const Header* family_header_ = nullptr;
    const nlattr* first_ = nullptr;
    int size_ = 0;
};

const nlattr* inside(const nlattr* outer, int attribute) {
    return outer == nullptr
               ? nullptr
               : nla_find(static_cast<const nlattr*>(nla_data(outer)), nla_len(outer), attribute);
}

unsigned number(const nlattr* attribute) {
    return attribute != nullptr && nla_len(attribute) >= 4 ? nla_get_u32(attribute) : 0;
}

std::string text(const nlattr* attribute) {
    if (attribute == nullptr) {
        return "";
    }
    const char* begin = static_cast<const char*>(nla_data(attribute));
    return {begin, ::strnlen(begin, static_cast<std::size_t>(nla_len(attribute)))};
}

std::string ip_text(const nlattr* attribute, int family) {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    const int size = family == AF_INET ? 4 : 16;
    if (attribute == nullptr || (family != AF_INET && family != AF_INET6) ||
        nla_len(attribute) < size ||
        ::inet_ntop(family, nla_data(attribute), buffer.data(), buffer.size()) == nullptr) {
        return "";
    }
    return buffer.data();
}

std::string with_prefix(const std::string& address, unsigned length) {
    return address.empty() ? "" : address + "/" + std::to_string(length);
}

std::string mac_text(const nlattr* attribute) {
    if (attribute == nullptr || nla_len(attribute) != 6) {
        return "";
    }
    const auto* bytes = static_cast<const unsigned char*>(nla_data(attribute));
    std::array<char, 18> buffer{};
    std::snprintf(buffer.data(),
                  buffer.size(),
                  "%02x:%02x:%02x:%02x:%02x:%02x",
                  bytes[0],
                  bytes[1],
                  bytes[2],
                  bytes[3],
                  bytes[4],
                  bytes[5]);
    return buffer.data();
}

// Gateway and link of the first next hop of a route that has several.
void take_first_hop(Route& route, const nlattr* hops) {
    if (hops == nullptr || nla_len(hops) < static_cast<int>(sizeof(rtnexthop))) {
        return;
    }
    const auto* hop = static_cast<const rtnexthop*>(nla_data(hops));
    if (hop->rtnh_len < sizeof(rtnexthop) || hop->rtnh_len > nla_len(hops)) {
        return;
    }
    route.link = hop->rtnh_ifindex;
    route.on_link = (hop->rtnh_flags & RTNH_F_ONLINK) != 0;
    const auto* attributes = reinterpret_cast<const nlattr*>(RTNH_DATA(hop));
    const int size = hop->rtnh_len - static_cast<int>(sizeof(rtnexthop));
    route.gateway = ip_text(nla_find(attributes, size, RTA_GATEWAY), route.family);
}

}  // namespace

std::optional<Link> parse_link(const nlmsghdr& header) {
    const Attributes<ifinfomsg> message(header, RTM_NEWLINK);
    if (!message.valid()) {
        return std::nullopt;
    }
    Link link;
    link.index = message.header().ifi_index;
    link.flags = message.header().ifi_flags;
    link.hardware_type = message.header().ifi_type;
    link.name = text(message.find(IFLA_IFNAME));
    link.kind = text(inside(message.find(IFLA_LINKINFO), IFLA_INFO_KIND));
    link.mac = mac_text(message.find(IFLA_ADDRESS));
    link.mtu = number(message.find(IFLA_MTU));
    return link;
}

std::optional<Address> parse_address(const nlmsghdr& header) {
    const Attributes<ifaddrmsg> message(header, RTM_NEWADDR);
    if (!message.valid()) {
        return std::nullopt;
    }
    Address address;
    address.family = message.header().ifa_family;
    address.link = static_cast<int>(message.header().ifa_index);
    address.scope = message.header().ifa_scope;
    const nlattr* flags = message.find(IFA_FLAGS);
    address.flags = flags != nullptr ? number(flags) : message.header().ifa_flags;
    // With a peer, IFA_ADDRESS is the peer's.
    const nlattr* own = message.find(IFA_LOCAL);
    address.address =
        with_prefix(ip_text(own != nullptr ? own : message.find(IFA_ADDRESS), address.family),
                    message.header().ifa_prefixlen);
    return address;
}

std::optional<Route> parse_route(const nlmsghdr& header) {
    const Attributes<rtmsg> message(header, RTM_NEWROUTE);
    if (!message.valid()) {
        return std::nullopt;
    }
    const rtmsg& fixed = message.header();
    Route route;
    route.family = fixed.rtm_family;
    route.destination =
        fixed.rtm_dst_len == 0
            ? ""
            : with_prefix(ip_text(message.find(RTA_DST), route.family), fixed.rtm_dst_len);
    route.gateway = ip_text(message.find(RTA_GATEWAY), route.family);
    route.link = static_cast<int>(number(message.find(RTA_OIF)));
    route.source = ip_text(message.find(RTA_PREFSRC), route.family);
    route.scope = fixed.rtm_scope;
    route.metric = number(message.find(RTA_PRIORITY));
    route.protocol = fixed.rtm_protocol;
    route.type = fixed.rtm_type;
    const nlattr* table = message.find(RTA_TABLE);
    route.table = table != nullptr ? number(table) : fixed.rtm_table;
    route.on_link = (fixed.rtm_flags & RTNH_F_ONLINK) != 0;
    take_first_hop(route, message.find(RTA_MULTIPATH));
    return route;
}

std::optional<Neighbor> parse_neighbor(const nlmsghdr& header) {
    const Attributes<ndmsg> message(header, RTM_NEWNEIGH);
    if (!message.valid()) {
        return std::nullopt;
    }
    Neighbor neighbor;
    neighbor.family = message.header().ndm_family;
    neighbor.link = message.header().ndm_ifindex;
    neighbor.state = message.header().ndm_state;
    neighbor.flags = message.header().ndm_flags;
    neighbor.address = ip_text(message.find(NDA_DST), neighbor.family);
    neighbor.mac = mac_text(message.find(NDA_LLADDR));
    return neighbor;
}

std::optional<Redirection> parse_redirection(const nlmsghdr& header) {
    const Attributes<tcmsg> message(header, RTM_NEWTFILTER);
    if (!message.valid() || text(message.find(TCA_KIND)) != "u32") {
        return std::nullopt;
    }
    const nlattr* action = inside(inside(message.find(TCA_OPTIONS), TCA_U32_ACT), 1);
    if (text(inside(action, TCA_ACT_KIND)) != "mirred") {
        return std::nullopt;
    }
    const nlattr* parameters = inside(inside(action, TCA_ACT_OPTIONS), TCA_MIRRED_PARMS);
    if (parameters == nullptr || nla_len(parameters) < static_cast<int>(sizeof(tc_mirred))) {
        return std::nullopt;
    }
    tc_mirred mirred{};
    std::memcpy(&mirred, nla_data(parameters), sizeof mirred);
    return Redirection{static_cast<int>(message.header().tcm_parent),
                       static_cast<int>(mirred.ifindex)};
}

std::optional<RateLimit> parse_rate_limit(const nlmsghdr& header) {
    const Attributes<tcmsg> message(header, RTM_NEWQDISC);
    if (!message.valid() || message.header().tcm_parent != TC_H_ROOT ||
        text(message.find(TCA_KIND)) != "tbf") {
        return std::nullopt;
    }
    const nlattr* options = message.find(TCA_OPTIONS);
    const nlattr* parameters = inside(options, TCA_TBF_PARMS);
    if (parameters == nullptr || nla_len(parameters) < static_cast<int>(sizeof(tc_tbf_qopt))) {
        return std::nullopt;
    }
    tc_tbf_qopt bucket{};
    std::memcpy(&bucket, nla_data(parameters), sizeof bucket);
    // Only where 32 bits are too few.
    const nlattr* large = inside(options, TCA_TBF_RATE64);
    const bool has_large = large != nullptr && nla_len(large) >= 8;
    return RateLimit{message.header().tcm_ifindex,
                     message.header().tcm_handle,
                     has_large ? nla_get_u64(large) : bucket.rate.rate};
}

}  // namespace kata::netlink
