// The board of a domain's XML: firmware, switches, and the devices that are there only if the
// configuration asks for them. Pure functions, pinned by golden files.
#pragma once

#include <pugixml.hpp>

#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

/// @throws Error invalid_argument for a control character in a path or name.
void validate_machine(const sandbox::VmMachine& machine);

void add_firmware(pugi::xml_node os, const sandbox::VmFirmware& firmware);

/// <features> and <clock>. @param accelerator kvm or tcg
void add_switches(pugi::xml_node domain,
                  const sandbox::VmMachine& machine,
                  sandbox::Accelerator accelerator);

/// PCI bridges and a PCIe switch. @param first_index of the next PCI controller
void add_bridges(pugi::xml_node devices, const sandbox::VmConfig& config, unsigned first_index);

/// Random numbers, the balloon and the IOMMU.
void add_machine_devices(pugi::xml_node devices, const sandbox::VmMachine& machine);

}  // namespace kata::libvirt_driver
