// NetworkEndpoint: one interface of the container's namespace and the device that connects the VM
// to it. Passive data; what is kept on disk about a sandbox's network is a list of these.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pkg/sandbox/guest_network.h"
#include "pkg/sandbox/hypervisor.h"
#include "pkg/sandbox/network/guest_view.h"
#include "pkg/sandbox/network/internetworking_model.h"

namespace kata::sandbox {

struct NetworkEndpoint {
    int link = 0;           // the interface's number in its namespace
    std::string interface;  // its name there
    std::string tap;        // unique on the host
    InternetworkingModel model = InternetworkingModel::tcfilter;
    GuestInterface guest;  // as the guest was last told
    bool by_hand = false;  // set up by `kata-network`, which alone changes it
    bool operator==(const NetworkEndpoint&) const = default;
};

/// What a sandbox's network is made of, as last set up.
struct NetworkRecord {
    std::vector<NetworkEndpoint> endpoints;
    std::vector<GuestRoute> routes;
    std::vector<int> left_out;    // numbers of interfaces taken out by `kata-network del-iface`
    bool routes_by_hand = false;  // set by `kata-network update-routes`
    unsigned next_tap = 0;
    bool operator==(const NetworkRecord&) const = default;
};

/// "kt", ten hexadecimal digits of the VM's uuid, a number: unique on the host, because libvirt
/// deletes whatever has that name there when the VM ends. At most 15 bytes.
/// @throws base::Error unsupported after 999.
[[nodiscard]] std::string tap_name(const std::string& vm_uuid, unsigned number);

/// Bits per second of each interface, as the guest sees the directions. 0: no limit.
struct RateLimits {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    bool operator==(const RateLimits&) const = default;
};

/// How an interface is connected that shall be limited: what arrives at a macvtap never waits in a
/// queue, so a limited one is connected by a filter.
[[nodiscard]] InternetworkingModel model_for(InternetworkingModel configured,
                                             const RateLimits& limits);

[[nodiscard]] NetworkEndpoint make_endpoint(const ServedInterface& served,
                                            InternetworkingModel model,
                                            std::string tap);

struct NicOptions {
    bool vhost = true;
    unsigned queues = 1;
};
[[nodiscard]] VmNic nic_of(const NetworkEndpoint& endpoint, const NicOptions& options);

/// What must happen for `record` to become what `view` shows. Endpoints made by hand are left alone
/// while their interface exists.
struct NetworkChange {
    std::vector<ServedInterface> appeared;
    std::vector<NetworkEndpoint> vanished;
    std::vector<NetworkEndpoint> changed;  // with the new addresses and MTU
    bool routes = false;
    [[nodiscard]] bool empty() const {
        return appeared.empty() && vanished.empty() && changed.empty() && !routes;
    }
};
/// @param scan the one that `view` was made of: an interface that lost its addresses still exists.
[[nodiscard]] NetworkChange compare(const NetworkRecord& record,
                                    const NetworkScan& scan,
                                    const GuestView& view);

}  // namespace kata::sandbox
