#include "pkg/oci/spec_parts.h"

namespace kata::oci {
namespace {

DeviceRule read_device_rule(const JsonView& object) {
    DeviceRule rule;
    object.read("allow", rule.allow);
    object.read("type", rule.type);
    object.read("major", rule.major);
    object.read("minor", rule.minor);
    object.read("access", rule.access);
    return rule;
}

CpuResources read_cpu(const JsonView& object) {
    CpuResources cpu;
    object.read("shares", cpu.shares);
    object.read("quota", cpu.quota);
    object.read("period", cpu.period);
    object.read("cpus", cpu.cpus);
    object.read("mems", cpu.mems);
    return cpu;
}

MemoryResources read_memory(const JsonView& object) {
    MemoryResources memory;
    object.read("limit", memory.limit);
    object.read("reservation", memory.reservation);
    object.read("swap", memory.swap);
    return memory;
}

}  // namespace

Resources read_resources(const JsonView& object) {
    Resources resources;
    if (const auto cpu = object.find("cpu")) {
        resources.cpu = read_cpu(*cpu);
    }
    if (const auto memory = object.find("memory")) {
        resources.memory = read_memory(*memory);
    }
    if (const auto pids = object.find("pids")) {
        pids->read("limit", resources.pids_limit);
    }
    object.read_list("devices", resources.devices, read_device_rule);
    resources.document = object.value();
    return resources;
}

}  // namespace kata::oci
