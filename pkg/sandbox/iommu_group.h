// IommuGroup: devices of the host that can only be given to a guest together, because the IOMMU
// cannot tell them apart. Found in sysfs by looking; nothing is changed: which driver a device has
// is its administrator's decision.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pkg/oci/spec.h"
#include "pkg/sandbox/volumes/volume_device.h"

namespace kata::sandbox {

struct IommuDevice {
    std::string address;    // "0000:45:00.1"; of a mediated device its UUID
    bool mediated = false;  // a part of a device, such as a virtual GPU
    std::string driver;     // that it has on the host; empty: none
};

struct IommuGroup {
    unsigned number = 0;
    std::vector<IommuDevice> devices;  // in the order of their addresses; without bridges
};

/// The group that a node of a spec's linux.devices stands for, by its numbers, or on a host without
/// VFIO by its name, which is /dev/vfio/<group>; nullopt: it stands for none.
[[nodiscard]] std::optional<unsigned> group_of_node(const oci::Device& node,
                                                    const HostView& host = {});

/// /dev/vfio/vfio, which opens no device.
[[nodiscard]] bool is_vfio_container(const oci::Device& node);

/// A group whose devices can all be given to a guest. @throws base::Error with what to do:
/// unsupported for a host without an IOMMU or vfio-pci, not_found for a group that does not exist,
/// invalid_state for a device that another driver has.
[[nodiscard]] IommuGroup assignable_group(unsigned number, const HostView& host = {});

}  // namespace kata::sandbox
