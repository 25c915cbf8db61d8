// VmHostDevice: hardware of the host that a guest drives itself (VFIO), as the port Hypervisor
// takes it. Passive data; which of it a sandbox has is host_device_plan.h's business.
#pragma once

#include <string>

namespace kata::sandbox {

/// What a device is plugged into.
enum class PciPort {
    bridge,    // a place on a conventional PCI bridge
    root,      // a PCIe root port
    of_switch  // a downstream port of a PCIe switch
};

struct VmHostDevice {
    std::string name;       // letters, digits and dashes, no other device of the VM has it
    std::string address;    // of a PCI device, "0000:45:00.1"; of a mediated device its UUID
    bool mediated = false;  // a part of a device, such as a virtual GPU
    PciPort port = PciPort::root;
    bool operator==(const VmHostDevice&) const = default;
};

}  // namespace kata::sandbox
