// VmMachine: what of a VM's CPUs, memory and board is not as the hypervisor would choose it.
// Passive data, a part of VmConfig; machine_builder.h makes it of the configuration.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kata::sandbox {

/// A feature that the guest's CPUs have, or have not, whatever their model says.
struct CpuFeature {
    std::string name;
    bool on = true;
    bool operator==(const CpuFeature&) const = default;
};

/// Parts of the board that can be switched; without a value they are as the machine type has them.
struct VmSwitches {
    std::optional<bool> pmu;              // counters for perf(1)
    std::optional<bool> smm;              // system management mode
    std::optional<bool> vmport;           // VMware's I/O port; the default is off
    std::optional<bool> hpet;             // high precision timer; the default is off
    std::optional<bool> dump_guest_core;  // the guest's memory in a core dump of QEMU
    std::optional<bool> split_irqchip;    // KVM: the I/O APIC in QEMU (true) or in the kernel
    bool operator==(const VmSwitches&) const = default;
};

/// Where the guest's memory comes from and how it behaves on the host.
struct VmMemory {
    bool huge_pages = false;               // of the host's pool (hugetlbfs)
    bool preallocated = false;             // all of it is there before the guest runs
    bool locked = false;                   // never swapped out
    bool mergeable = true;                 // equal pages of several VMs may become one (KSM)
    bool shared = false;                   // with processes that serve disks
    bool virtio_mem = false;               // grows through one virtio-mem device instead of DIMMs
    bool reports_free = false;             // what the guest frees goes back to the host
    std::filesystem::path file_directory;  // of the files it is in; empty: it has no name
    std::uint64_t spare_mib = 0;           // address space beyond all that the sandbox can grow to
    bool operator==(const VmMemory&) const = default;
};

/// A NUMA node of the guest. Nodes are listed in their order, and have its vCPUs in that order.
struct VmNode {
    std::string host_nodes;  // a list such as "0-1", from whose memory this one's is taken
    unsigned first_cpu = 0;
    unsigned cpus = 0;
    std::uint64_t memory_mib = 0;
    bool operator==(const VmNode&) const = default;
};

/// Without a program: the hypervisor's own firmware. With variables both are in flash memory (as
/// OVMF's are), else the program is a ROM (as SeaBIOS and qboot are).
struct VmFirmware {
    std::filesystem::path program;
    std::filesystem::path variables;  // a file of this VM alone, which the guest writes
    bool operator==(const VmFirmware&) const = default;
};

struct VmMachine {
    std::vector<CpuFeature> cpu_features;
    VmSwitches switches;
    VmMemory memory;
    std::vector<VmNode> nodes;  // empty: there is one
    VmFirmware firmware;
    bool iommu = false;
    std::filesystem::path entropy_source;  // a character device of the host; empty: none
    unsigned bridges = 0;                  // PCI bridges
    unsigned switch_ports = 0;             // downstream ports of one PCIe switch
    bool own_user = false;  // QEMU runs as a user that no other VM and nobody else has
    bool operator==(const VmMachine&) const = default;
};

}  // namespace kata::sandbox
