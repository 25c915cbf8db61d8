#include "pkg/sandbox/network/interface_kind.h"

#include <net/if.h>
#include <net/if_arp.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace kata::sandbox {
namespace {

constexpr std::array<std::pair<std::string_view, InterfaceKind>, 6> kKinds{{
    {"veth", InterfaceKind::veth},
    {"macvlan", InterfaceKind::macvlan},
    {"macvtap", InterfaceKind::macvtap},
    {"tun", InterfaceKind::tap},  // a tap has Ethernet's hardware type, a tun has none
    {"ipvlan", InterfaceKind::ipvlan},
    {"", InterfaceKind::physical},
}};

constexpr std::size_t kTapDigits = 10;

}  // namespace

InterfaceKind kind_of(const netlink::Link& link) {
    if ((link.flags & IFF_LOOPBACK) != 0) {
        return InterfaceKind::loopback;
    }
    if (link.hardware_type != ARPHRD_ETHER) {
        return InterfaceKind::unsupported;
    }
    if (is_tap_name(link.name)) {
        return InterfaceKind::ours;
    }
    for (const auto& [name, kind] : kKinds) {
        if (link.kind == name) {
            return kind;
        }
    }
    return InterfaceKind::unsupported;
}

bool is_tap_name(const std::string& name) {
    const auto hexadecimal = [](char digit) {
        return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
    };
    const auto decimal = [](char digit) { return digit >= '0' && digit <= '9'; };
    const std::string_view text = name;
    if (!text.starts_with("kt") || text.size() <= 2 + kTapDigits) {
        return false;
    }
    const std::string_view id = text.substr(2, kTapDigits);
    const std::string_view number = text.substr(2 + kTapDigits);
    return std::all_of(id.begin(), id.end(), hexadecimal) &&
           std::all_of(number.begin(), number.end(), decimal);
}

}  // namespace kata::sandbox
