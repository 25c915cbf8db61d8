// Device nodes of a container that are disks of the VM: their numbers are the guest's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pkg/agent/guest/block_device.h"

namespace kata::agent::guest {

struct DiskNode {
    std::string container_path;  // of the node among the specification's linux.devices
    std::string access;          // what the container may do: some of "rwm"
    BlockDevice device;
};

/// The specification with these nodes' numbers, and a rule that allows each.
/// @throws base::Error invalid_argument for a specification that has no such node.
[[nodiscard]] std::string with_disk_nodes(const std::string& spec_json,
                                          const std::vector<DiskNode>& nodes);

}  // namespace kata::agent::guest
