// What rtnetlink tells about a network namespace: passive data, in the kernel's own numbers
// (linux/if.h, linux/rtnetlink.h). Addresses are text: "172.17.0.2", with "/16" where a prefix
// belongs to them.
#pragma once

#include <string>

namespace kata::netlink {

struct Link {
    int index = 0;
    std::string name;
    std::string kind;  // "veth", "macvlan", "tun", ...; empty: hardware, or the loopback
    std::string mac;   // lower case, with colons; empty: it has none
    unsigned mtu = 0;
    unsigned flags = 0;          // IFF_...
    unsigned hardware_type = 0;  // ARPHRD_...
    bool operator==(const Link&) const = default;
};

struct Address {
    int link = 0;
    int family = 0;       // AF_INET or AF_INET6
    std::string address;  // with prefix length
    unsigned scope = 0;   // RT_SCOPE_...
    unsigned flags = 0;   // IFA_F_...
    bool operator==(const Address&) const = default;
};

struct Route {
    int family = 0;
    std::string destination;  // with prefix length; empty: the default route
    std::string gateway;      // empty: on the link
    int link = 0;
    std::string source;  // preferred source address; may be empty
    unsigned scope = 0;
    unsigned metric = 0;
    unsigned protocol = 0;  // RTPROT_...
    unsigned type = 0;      // RTN_...
    unsigned table = 0;
    bool on_link = false;  // the gateway is on the link although no address says so
    bool operator==(const Route&) const = default;
};

struct Neighbor {
    int link = 0;
    int family = 0;
    std::string address;
    std::string mac;
    unsigned state = 0;  // NUD_...
    unsigned flags = 0;  // NTF_...
    bool operator==(const Neighbor&) const = default;
};

}  // namespace kata::netlink
