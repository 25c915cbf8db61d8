// The XML of the host's devices that a guest drives itself, in a new domain and for one that runs.
// Pure functions, pinned by golden files. libvirt never changes the devices' drivers (managed is
// "no"): they belong to vfio-pci before and after.
#pragma once

#include <string>
#include <vector>

#include <pugixml.hpp>

#include "pkg/libvirt-driver/pci_places.h"
#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

/// @throws Error invalid_argument for what is no address or name of such a device.
void validate_host_device(const sandbox::VmHostDevice& device);

/// Adds the devices that the VM starts with, each to a port of its own; those on a bridge to the
/// domain's. @throws Error unsupported if there is no bridge with a place.
void add_host_devices(pugi::xml_node devices,
                      const std::vector<sandbox::VmHostDevice>& host_devices,
                      PciControllers& controllers);

/// The device to plug into a VM that runs. @throws Error unsupported, with what to configure, if no
/// port of the wanted kind is free.
[[nodiscard]] std::string build_host_device_xml(const sandbox::VmHostDevice& device,
                                                const std::string& live_xml);

}  // namespace kata::libvirt_driver
