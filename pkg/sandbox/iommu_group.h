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

/// One device and the group that it is given with.
struct IommuPlace {
    unsigned group = 0;
    std::string address;  // as in IommuDevice
};

/// Where a direct volume's device is. @param device a PCI address, with or without its domain, or
/// /dev/vfio/<group> of a group with one device.
/// @throws base::Error not_found; invalid_argument for a group of several devices, naming them;
/// unsupported for a host without an IOMMU.
[[nodiscard]] IommuPlace iommu_place_of(const std::string& device, const HostView& host = {});

/// The name of a device in a VM. @param address as in IommuDevice.
[[nodiscard]] std::string host_device_name(const std::string& address);

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
