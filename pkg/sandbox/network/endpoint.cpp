#include "pkg/sandbox/network/endpoint.h"

#include <algorithm>
#include <utility>

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

constexpr unsigned kMaxTaps = 1000;
constexpr std::size_t kTapDigits = 10;

bool is_of(const NetworkEndpoint& endpoint, const netlink::Link& link) {
    return endpoint.link == link.index && endpoint.interface == link.name;
}

}  // namespace

std::string tap_name(const std::string& vm_uuid, unsigned number) {
    if (number >= kMaxTaps) {
        throw base::Error(base::ErrorCode::unsupported,
                          "a sandbox can be given " + std::to_string(kMaxTaps) +
                              " network interfaces in its life, not more");
    }
    std::string digits = vm_uuid;
    std::erase(digits, '-');
    return "kt" + digits.substr(0, kTapDigits) + std::to_string(number);
}

InternetworkingModel model_for(InternetworkingModel configured, const RateLimits& limits) {
    const bool limited = limits != RateLimits{};
    return limited && configured == InternetworkingModel::macvtap ? InternetworkingModel::tcfilter
                                                                  : configured;
}

NetworkEndpoint make_endpoint(const ServedInterface& served,
                              InternetworkingModel model,
                              std::string tap) {
    // These cannot carry a macvtap, or a macvtap's peers would no longer reach them.
    const bool filter_only = served.kind == InterfaceKind::ipvlan ||
                             served.kind == InterfaceKind::macvlan ||
                             served.kind == InterfaceKind::macvtap;
    return {.link = served.link.index,
            .interface = served.link.name,
            .tap = std::move(tap),
            .model = filter_only ? InternetworkingModel::tcfilter : model,
            .guest = served.guest,
            .by_hand = false};
}

VmNic nic_of(const NetworkEndpoint& endpoint, const NicOptions& options) {
    return {.host_device = endpoint.tap,
            .managed = endpoint.model != InternetworkingModel::macvtap,
            .mac = endpoint.guest.mac,
            .mtu = endpoint.guest.mtu,
            .queues = options.queues,
            .vhost = options.vhost};
}

NetworkChange compare(const NetworkRecord& record, const NetworkScan& scan, const GuestView& view) {
    NetworkChange change;
    for (const NetworkEndpoint& endpoint : record.endpoints) {
        const bool exists = std::ranges::any_of(
            scan.links, [&](const netlink::Link& link) { return is_of(endpoint, link); });
        if (!exists) {
            change.vanished.push_back(endpoint);
        }
    }
    for (const ServedInterface& served : view.interfaces) {
        const auto known = std::ranges::find_if(
            record.endpoints,
            [&](const NetworkEndpoint& endpoint) { return is_of(endpoint, served.link); });
        if (known == record.endpoints.end()) {
            if (std::ranges::find(record.left_out, served.link.index) == record.left_out.end()) {
                change.appeared.push_back(served);
            }
        } else if (!known->by_hand && known->guest.mac != served.guest.mac) {
            change.vanished.push_back(*known);  // the guest knows an interface by its MAC address
            change.appeared.push_back(served);
        } else if (!known->by_hand && known->guest != served.guest) {
            NetworkEndpoint changed = *known;
            changed.guest = served.guest;
            change.changed.push_back(std::move(changed));
        }
    }
    change.routes = !record.routes_by_hand && record.routes != view.routes;
    return change;
}

}  // namespace kata::sandbox
