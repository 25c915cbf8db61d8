// MachineOptions: the keys of [hypervisor.qemu] that say what kind of machine a VM is. A part of
// RuntimeConfig; machine_builder.h makes a VmMachine of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pkg/sandbox/vm_host_device.h"

namespace kata::sandbox {

struct MachineOptions {
    std::string cpu_features;          // "name,name=off,-name"
    std::string machine_accelerators;  // "smm=off,hpet"
    bool disable_nested_virtualization = false;
    std::filesystem::path firmware;
    std::filesystem::path firmware_volume;
    std::vector<std::string> pflashes;  // the same two files in one list
    std::string firmware_hash;          // SHA-512 in hexadecimal, by annotation only
    std::string firmware_volume_hash;
    bool enable_hugepages = false;
    std::string hugepage_type = "hugetlbfs";  // or "thp"
    bool enable_mem_prealloc = false;
    bool enable_swap = true;
    std::filesystem::path file_mem_backend;  // empty: memory without a name
    bool enable_virtio_mem = false;
    std::uint64_t memory_offset_mib = 0;
    bool reclaim_guest_freed_memory = false;
    bool enable_numa = false;
    std::vector<std::string> numa_mapping;  // the host's nodes for each of the guest's
    bool enable_iommu = false;
    std::filesystem::path entropy_source;  // empty: no device
    unsigned default_bridges = 0;
    unsigned pcie_switch_ports = 0;
    std::optional<PciPort>
        cold_plug_vfio;                    // of hardware that a VM starts with; none: there is none
    std::optional<PciPort> hot_plug_vfio;  // of hardware that is plugged while it runs
    bool enable_vhost_user_store = false;  // memory is shared with the processes behind it
    bool rootless = false;

    bool operator==(const MachineOptions&) const = default;
};

}  // namespace kata::sandbox
