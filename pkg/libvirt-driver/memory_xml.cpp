#include "pkg/libvirt-driver/memory_xml.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "pkg/libvirt-driver/share_xml.h"
#include "pkg/libvirt-driver/xml_build.h"

namespace kata::libvirt_driver {
namespace {

using sandbox::VmConfig;
using sandbox::VmMemory;
using sandbox::VmNode;

constexpr std::uint64_t kVirtioMemBlockMib = 2;

std::uint64_t growth_of(const VmConfig& config) {
    return config.max_memory_mib > config.memory_mib ? config.max_memory_mib - config.memory_mib
                                                     : 0;
}

// More than it has at its start: its own growth, or room for what an administrator plugs.
bool has_room(const VmConfig& config) {
    return growth_of(config) > 0 || config.machine.memory.spare_mib > 0;
}

void add_sizes(pugi::xml_node domain, const VmConfig& config, std::uint64_t image_mib) {
    if (const unsigned slots = memory_slots(config, image_mib); slots > 0) {
        const std::uint64_t most =
            config.memory_mib + growth_of(config) + config.machine.memory.spare_mib + image_mib;
        add_text(domain,
                 "maxMemory",
                 std::to_string(most),
                 {{"slots", std::to_string(slots)}, {"unit", "MiB"}});
    }
    pugi::xml_node memory =
        add_text(domain, "memory", std::to_string(config.memory_mib), {{"unit", "MiB"}});
    if (const auto dump = config.machine.switches.dump_guest_core) {
        memory.append_attribute("dumpCore") = on_off(*dump);
    }
}

// virtiofsd and whoever serves a disk read and write the guest's memory.
bool is_shared(const VmConfig& config) {
    return (config.share && needs_shared_memory(*config.share)) || config.machine.memory.shared ||
           std::ranges::any_of(config.disks, &sandbox::VmDisk::is_socket);
}

void add_source(pugi::xml_node backing, const VmConfig& config) {
    const bool file = !config.machine.memory.file_directory.empty();
    const bool shared = is_shared(config);
    if (file || shared) {
        add(backing, "source", {{"type", file ? "file" : "memfd"}});
    }
    if (shared) {
        add(backing, "access", {{"mode", "shared"}});
    }
}

void add_backing(pugi::xml_node domain, const VmConfig& config) {
    const VmMemory& memory = config.machine.memory;
    pugi::xml_node backing = domain.append_child("memoryBacking");
    if (memory.huge_pages) {
        add(backing, "hugepages");
    }
    if (!memory.mergeable) {
        add(backing, "nosharepages");
    }
    if (memory.locked) {
        add(backing, "locked");
    }
    add_source(backing, config);
    if (memory.preallocated) {
        add(backing, "allocation", {{"mode", "immediate"}});
    }
    if (!backing.first_child()) {
        domain.remove_child(backing);
    }
}

std::string cpu_range(const VmNode& node) {
    return node.cpus == 1 ? std::to_string(node.first_cpu)
                          : fmt::format("{}-{}", node.first_cpu, node.first_cpu + node.cpus - 1);
}

// Plugged memory and a mapped image belong to a node, so that there is one where either can be.
std::vector<VmNode> nodes_of(const VmConfig& config, std::uint64_t image_mib) {
    if (!config.machine.nodes.empty() || memory_slots(config, image_mib) == 0) {
        return config.machine.nodes;
    }
    return {
        {.host_nodes = "", .first_cpu = 0, .cpus = config.vcpus, .memory_mib = config.memory_mib}};
}

void add_node_tuning(pugi::xml_node domain, const std::vector<VmNode>& nodes) {
    if (nodes.empty()) {
        return;
    }
    pugi::xml_node tune = add(domain, "numatune");
    unsigned id = 0;
    for (const VmNode& node : nodes) {
        add(tune,
            "memnode",
            {{"cellid", std::to_string(id++)}, {"mode", "strict"}, {"nodeset", node.host_nodes}});
    }
}

void add_nodes(pugi::xml_node cpu, const std::vector<VmNode>& nodes) {
    if (nodes.empty()) {
        return;
    }
    pugi::xml_node numa = add(cpu, "numa");
    unsigned id = 0;
    for (const VmNode& node : nodes) {
        add(numa,
            "cell",
            {{"id", std::to_string(id++)},
             {"cpus", cpu_range(node)},
             {"memory", std::to_string(node.memory_mib)},
             {"unit", "MiB"}});
    }
}

pugi::xml_node add_model(pugi::xml_node domain, sandbox::Accelerator accelerator) {
    if (accelerator == sandbox::Accelerator::kvm) {
        // Never migrated, so the guest may have the features that would prevent it.
        return add(domain,
                   "cpu",
                   {{"mode", "host-passthrough"}, {"check", "none"}, {"migratable", "off"}});
    }
    return add(domain, "cpu", {{"mode", "maximum"}, {"check", "none"}});
}

}  // namespace

unsigned memory_slots(const VmConfig& config, std::uint64_t image_mib) {
    const unsigned own = has_room(config) ? std::max(config.memory_slots, 1U) : 0;
    return own + (image_mib > 0 ? 1 : 0);
}

void add_memory(pugi::xml_node domain, const VmConfig& config, std::uint64_t image_mib) {
    add_sizes(domain, config, image_mib);
    add_backing(domain, config);
    add_node_tuning(domain, config.machine.nodes);
}

void add_virtio_mem(pugi::xml_node devices, const VmConfig& config) {
    if (!config.machine.memory.virtio_mem || growth_of(config) == 0) {
        return;
    }
    pugi::xml_node memory = add(devices, "memory", {{"model", "virtio-mem"}});
    pugi::xml_node target = add(memory, "target");
    add_text(target, "size", std::to_string(growth_of(config)), {{"unit", "MiB"}});
    add_text(target, "node", "0");
    add_text(target, "block", std::to_string(kVirtioMemBlockMib), {{"unit", "MiB"}});
    add_text(target, "requested", "0", {{"unit", "MiB"}});
    add_root_bus_address(memory, kVirtioMemSlot);
}

void add_cpus(pugi::xml_node domain,
              const VmConfig& config,
              sandbox::Accelerator accelerator,
              std::uint64_t image_mib) {
    add_text(domain, "vcpu", std::to_string(config.vcpus));
    pugi::xml_node cpu = add_model(domain, accelerator);
    for (const sandbox::CpuFeature& feature : config.machine.cpu_features) {
        add(cpu,
            "feature",
            {{"policy", feature.on ? "require" : "disable"}, {"name", feature.name}});
    }
    add_nodes(cpu, nodes_of(config, image_mib));
}

}  // namespace kata::libvirt_driver
