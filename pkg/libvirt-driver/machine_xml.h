// The board of a domain's XML: firmware, switches, and the devices that are there only if the
// configuration asks for them. Pure functions, pinned by golden files.
#pragma once

#include <pugixml.hpp>

#include "pkg/libvirt-driver/pci_places.h"
#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

/// @throws Error invalid_argument for a control character in a path or name.
void validate_machine(const sandbox::VmMachine& machine);

void add_firmware(pugi::xml_node os, const sandbox::VmFirmware& firmware);

/// <features> and <clock>. @param accelerator kvm or tcg
void add_switches(pugi::xml_node domain,
                  const sandbox::VmMachine& machine,
                  sandbox::Accelerator accelerator);

/// Root ports of a q35 for devices that are plugged while it runs, PCI bridges, and a PCIe switch.
void add_pci_ports(PciControllers& controllers, const sandbox::VmConfig& config);

/// Random numbers, the balloon and the IOMMU.
void add_machine_devices(pugi::xml_node devices, const sandbox::VmMachine& machine);

}  // namespace kata::libvirt_driver
