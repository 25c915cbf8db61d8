// Hardware of the host that a container has: this kernel's drivers take it, and the container gets
// the nodes they make, under the names they have here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/agent/guest/pci_device.h"
#include "pkg/base/deadline.h"

namespace kata::agent::guest {

struct HostDevice {
    std::string pci_path;
    std::string group;   // of devices that were asked for together
    std::string access;  // what the container may do: some of "rwm"
};

struct ContainerNode {
    DriverNode node;
    std::string access;
};

/// Waits for the devices and their drivers. A device without one is told in the guest's log, as the
/// others of its group may be what is wanted.
/// @throws base::Error not_found for a device that does not come; unsupported, naming the devices,
/// for a group none of whose devices has a driver.
[[nodiscard]] std::vector<ContainerNode> nodes_of_host_devices(
    const std::vector<HostDevice>& devices,
    base::Deadline deadline,
    const std::filesystem::path& sysfs = "/sys");

/// The specification with these nodes, and a rule that allows each.
/// @throws base::Error invalid_argument for what is no specification.
[[nodiscard]] std::string with_nodes(const std::string& spec_json,
                                     const std::vector<ContainerNode>& nodes);

}  // namespace kata::agent::guest
