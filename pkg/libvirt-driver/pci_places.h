// Places on a domain's PCI buses: controllers and their numbers, which place is free, and by which
// way the guest finds what is at one. Every bus has the number of the controller that makes it.
#pragma once

#include <optional>
#include <string>

#include <pugixml.hpp>

#include "pkg/sandbox/vm_host_device.h"

namespace kata::libvirt_driver {

/// Adds PCI controllers to a new domain, each under the next number.
class PciControllers {
  public:
    /// @param devices the domain's, without a PCI controller yet.
    explicit PciControllers(pugi::xml_node devices) : devices_(devices) {}

    /// @return the number of the new controller and its bus.
    unsigned add(const char* model);

    /// A port for one device, with the switch if it is the first of one.
    unsigned add_port(sandbox::PciPort port);

  private:
    pugi::xml_node devices_;
    unsigned next_ = 1;  // 0 is the root bus itself
};

struct PciPlace {
    unsigned bus = 0;
    unsigned slot = 0;
    bool operator==(const PciPlace&) const = default;
};

void add_pci_address(pugi::xml_node device, PciPlace place);

/// A place of this kind that no device has. @param devices of a domain. nullopt: there is none.
[[nodiscard]] std::optional<PciPlace> free_place(pugi::xml_node devices, sandbox::PciPort port);

/// libvirt keeps the names that begin with "ua-", as QEMU knows the devices by them.
[[nodiscard]] std::string alias_of(const std::string& name);

/// The device with this alias in a domain's <devices>; an empty node: there is none.
[[nodiscard]] pugi::xml_node find_by_alias(pugi::xml_node devices, const std::string& alias);

/// How the guest finds a device, whatever numbers it gives to buses: slot and function on the root
/// bus, then on the bus behind that, "01.1/00.0".
/// @throws Error internal for a device that is not on a PCI bus of the domain.
[[nodiscard]] std::string pci_path_of(pugi::xml_node devices, pugi::xml_node device);

}  // namespace kata::libvirt_driver
