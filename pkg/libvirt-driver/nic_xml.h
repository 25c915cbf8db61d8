// The XML of a network interface, in a new domain and for one that runs. Pure functions, pinned by
// golden files.
#pragma once

#include <string>
#include <vector>

#include <pugixml.hpp>

#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

/// @throws Error invalid_argument for a MAC address or device name that is none.
void validate_nic(const sandbox::VmNic& nic);

/// Adds the interfaces that the VM starts with, at fixed slots of the root bus.
/// @throws Error invalid_argument if there are more than kMaxColdNics.
void add_nics(pugi::xml_node devices, const std::vector<sandbox::VmNic>& nics);
inline constexpr std::size_t kMaxColdNics = 10;

/// The device to plug into a VM that runs; libvirt chooses its place.
[[nodiscard]] std::string build_nic_xml(const sandbox::VmNic& nic);

/// The device to unplug.
[[nodiscard]] std::string build_nic_removal_xml(const std::string& mac);

/// The MAC addresses of the interfaces in a running domain's XML.
[[nodiscard]] std::vector<std::string> nic_macs(const std::string& live_xml);

}  // namespace kata::libvirt_driver
