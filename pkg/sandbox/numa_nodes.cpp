#include "pkg/sandbox/numa_nodes.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "pkg/base/error.h"
#include "pkg/sandbox/cpu_list.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;

unsigned host_cpus_of(const std::string& entry, const std::vector<HostNode>& host) {
    const auto numbers = parse_cpu_list(entry);
    if (!numbers || numbers->empty()) {
        throw Error(ErrorCode::invalid_argument,
                    "\"hypervisor.qemu.numa_mapping\" has \"" + base::printable(entry, 64) +
                        "\", which is no list of NUMA nodes such as \"0\" or \"0-1\"");
    }
    unsigned cpus = 0;
    for (const unsigned number : *numbers) {
        const auto node = std::ranges::find(host, number, &HostNode::number);
        if (node == host.end()) {
            throw Error(ErrorCode::invalid_argument,
                        "\"hypervisor.qemu.numa_mapping\" names NUMA node " +
                            std::to_string(number) + ", which this host has not, or without CPUs");
        }
        cpus += node->cpus;
    }
    return cpus;
}

/// `total` divided by weight into shares of at least 1; what does not divide goes to the first.
std::vector<std::uint64_t> divided(std::uint64_t total, const std::vector<unsigned>& weights) {
    const std::uint64_t sum = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
    const std::uint64_t free = total - weights.size();
    std::vector<std::uint64_t> shares;
    for (const unsigned weight : weights) {
        shares.push_back(1 + free * weight / sum);
    }
    std::uint64_t rest = total - std::accumulate(shares.begin(), shares.end(), std::uint64_t{0});
    for (auto share = shares.begin(); rest > 0; ++share, --rest) {
        ++*share;
    }
    return shares;
}

}  // namespace

std::vector<VmNode> numa_nodes(const std::vector<std::string>& mapping,
                               const std::vector<HostNode>& host,
                               unsigned vcpus,
                               std::uint64_t memory_mib,
                               std::uint64_t memory_step_mib) {
    std::vector<VmNode> nodes;
    for (const std::string& entry : mapping) {
        nodes.push_back({.host_nodes = entry});
    }
    for (const HostNode& node : mapping.empty() ? host : std::vector<HostNode>{}) {
        nodes.push_back({.host_nodes = std::to_string(node.number)});
    }
    const std::uint64_t pieces = memory_mib / memory_step_mib;
    if (nodes.size() > std::min<std::uint64_t>(vcpus, pieces)) {
        throw Error(ErrorCode::invalid_argument,
                    "a VM with " + std::to_string(vcpus) + " vCPUs and " +
                        std::to_string(memory_mib) + " MiB cannot have " +
                        std::to_string(nodes.size()) + " NUMA nodes; raise default_vcpus");
    }
    std::vector<unsigned> weights;
    for (const VmNode& node : nodes) {
        weights.push_back(host_cpus_of(node.host_nodes, host));
    }
    const auto cpus = divided(vcpus, weights);
    const auto memory = divided(pieces, weights);
    unsigned next_cpu = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        nodes[i].first_cpu = next_cpu;
        nodes[i].cpus = static_cast<unsigned>(cpus[i]);
        nodes[i].memory_mib = memory[i] * memory_step_mib;
        next_cpu += nodes[i].cpus;
    }
    return nodes;
}

}  // namespace kata::sandbox
