// GuestNetwork: what a guest's network is made of, and the part of the Agent port that sets it up.
// Passive data; nothing here knows the host's side (network/).
//
// Names, numbers and flags are rtnetlink's; addresses are text with their prefix length
// ("172.17.0.2/16", "fd00::2/64"), as tools print them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pkg/base/deadline.h"

namespace kata::sandbox {

struct GuestInterface {
    std::string name;  // as it shall be called in the guest
    std::string mac;   // lower case, with colons
    unsigned mtu = 0;  // 0: as it is
    std::vector<std::string> addresses;
    bool no_arp = false;
    bool operator==(const GuestInterface&) const = default;
};

struct GuestRoute {
    std::string destination;  // empty: the default route of `family`
    std::string gateway;      // empty: on the link
    std::string device;
    std::string source;   // preferred source address; may be empty
    unsigned scope = 0;   // RT_SCOPE_...
    unsigned family = 4;  // 4 or 6
    unsigned metric = 0;
    bool on_link = false;  // the gateway is on the link although no address says so
    bool operator==(const GuestRoute&) const = default;
};

struct GuestNeighbor {
    std::string address;
    std::string device;
    std::string mac;
    unsigned state = 0;  // NUD_...
    unsigned flags = 0;  // NTF_...
    bool operator==(const GuestNeighbor&) const = default;
};

/// Errors and deadlines as in agent.h.
class GuestNetwork {
  public:
    GuestNetwork() = default;
    GuestNetwork(const GuestNetwork&) = delete;
    GuestNetwork& operator=(const GuestNetwork&) = delete;
    GuestNetwork(GuestNetwork&&) = delete;
    GuestNetwork& operator=(GuestNetwork&&) = delete;
    virtual ~GuestNetwork() = default;

    /// Finds the interface by its MAC address, waiting for one that has just been plugged, names
    /// it, gives it exactly these addresses and brings it up.
    virtual void update_interface(const GuestInterface& interface, base::Deadline deadline) = 0;

    /// Takes it down before it is unplugged; one that does not exist is fine.
    virtual void remove_interface(const std::string& mac, base::Deadline deadline) = 0;

    /// Replaces every route that is not the kernel's own.
    virtual void update_routes(const std::vector<GuestRoute>& routes, base::Deadline deadline) = 0;

    virtual void add_neighbors(const std::vector<GuestNeighbor>& neighbors,
                               base::Deadline deadline) = 0;

    [[nodiscard]] virtual std::vector<GuestInterface> list_interfaces(base::Deadline deadline) = 0;
    [[nodiscard]] virtual std::vector<GuestRoute> list_routes(base::Deadline deadline) = 0;
};

}  // namespace kata::sandbox
