// VfioPlan: which hardware of the host a container's guest drives itself, found in its spec: nodes
// of linux.devices that stand for an IOMMU group (/dev/vfio/<group>) and that a rule of
// linux.resources.devices allows by their very numbers, as engines write for --device, and direct
// volumes on such hardware. A group is given as a whole. Data, made by looking at the host once.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pkg/oci/spec.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/disk_plan.h"
#include "pkg/sandbox/guest_volumes.h"
#include "pkg/sandbox/iommu_group.h"
#include "pkg/sandbox/vm_host_device.h"

namespace kata::sandbox {

struct PlannedGroup {
    std::string name;            // "vfio-12"
    std::filesystem::path node;  // that QEMU opens
    std::vector<VmHostDevice> devices;
    std::vector<HardwareVolume> volumes;  // that are on its devices
};

struct VfioPlan {
    std::vector<PlannedGroup> groups;    // each once
    std::vector<GuestHostDevice> guest;  // of which the container gets the nodes
    std::vector<std::string> nodes;  // paths of the spec's nodes that are the guest's business now
};

/// How the configuration has a container's hardware come to its VM.
struct VfioPlug {
    std::optional<PciPort> port;  // nullopt: not at all
    bool at_start = false;        // the VM starts with it; else it is plugged while the VM runs
    std::string key;              // that decides about it
};
/// @param joins_pod the VM runs already. One that is not configured to start with hardware has it
/// plugged when it has booted.
[[nodiscard]] VfioPlug vfio_plug(const RuntimeConfig& config, bool joins_pod);

/// As the configuration has it, "no-port" for none.
[[nodiscard]] const char* pci_port_word(const std::optional<PciPort>& port);

/// @param volumes of this container that are on such hardware.
/// @throws base::Error naming the device: unsupported if the configuration gives none, or as
/// assignable_group().
[[nodiscard]] VfioPlan plan_vfio(const oci::Spec& spec,
                                 const std::vector<HardwareVolume>& volumes,
                                 const VfioPlug& plug,
                                 const HostView& host = {});

/// Why keys about hardware of the host contradict each other or the machine; empty: they do not.
[[nodiscard]] std::string vfio_contradiction(const RuntimeConfig& config);

}  // namespace kata::sandbox
