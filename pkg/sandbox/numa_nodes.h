// The NUMA nodes of a guest: its vCPUs and memory divided as the host's nodes are. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pkg/sandbox/machine_builder.h"

namespace kata::sandbox {

/// A node of the guest for each list of host nodes in `mapping`, or for each host node if that is
/// empty. vCPUs and memory are divided by the number of the host's CPUs there, every node having at
/// least one vCPU and a multiple of `memory_step_mib`.
/// @throws base::Error invalid_argument naming the entry that is no list or names no node with
/// CPUs, or if there are more nodes than vCPUs or pieces of memory.
[[nodiscard]] std::vector<VmNode> numa_nodes(const std::vector<std::string>& mapping,
                                             const std::vector<HostNode>& host,
                                             unsigned vcpus,
                                             std::uint64_t memory_mib,
                                             std::uint64_t memory_step_mib);

}  // namespace kata::sandbox
