#include "pkg/sandbox/machine_builder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/cpu_list.h"
#include "pkg/sandbox/machine_words.h"
#include "pkg/sandbox/numa_nodes.h"
#include "pkg/sandbox/vfio_plan.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::uint64_t kKibibytesPerMebibyte = 1024;
// QEMU's memory without a name is a file of tmpfs, as one in this directory would be.
constexpr std::string_view kSharedMemory = "/dev/shm";
constexpr std::size_t kPflashes = 2;

std::uint64_t huge_page_mib(const std::filesystem::path& root) {
    constexpr std::string_view kKey = "Hugepagesize:";
    const std::string text = base::try_read_file(root / "proc/meminfo").value_or("");
    std::uint64_t kibibytes = 0;
    if (const auto at = text.find(kKey); at != std::string::npos) {
        const auto digits = text.find_first_not_of(' ', at + kKey.size());
        if (digits != std::string::npos) {
            std::from_chars(text.data() + digits, text.data() + text.size(), kibibytes);
        }
    }
    return std::max<std::uint64_t>(kibibytes / kKibibytesPerMebibyte, 1);
}

std::uint64_t rounded_up(std::uint64_t value, std::uint64_t step) {
    return (value + step - 1) / step * step;
}

VmMemory memory_of(const MachineOptions& options) {
    VmMemory memory;
    memory.huge_pages = options.enable_hugepages && options.hugepage_type == "hugetlbfs";
    // A huge page that is missing later would end the VM.
    memory.preallocated = options.enable_mem_prealloc || memory.huge_pages;
    memory.locked = !options.enable_swap;
    memory.shared = options.enable_vhost_user_store;
    memory.virtio_mem = options.enable_virtio_mem;
    memory.reports_free = options.reclaim_guest_freed_memory;
    memory.spare_mib = options.memory_offset_mib;
    if (options.file_mem_backend != kSharedMemory) {
        memory.file_directory = options.file_mem_backend;
    }
    return memory;
}

VmMachine machine_of(const MachineOptions& options) {
    VmMachine machine;
    machine.memory = memory_of(options);
    machine.firmware = {options.firmware, options.firmware_volume};
    machine.iommu = options.enable_iommu;
    machine.entropy_source = options.entropy_source;
    machine.bridges = options.default_bridges;
    machine.switch_ports = options.pcie_switch_ports;
    machine.own_user = options.rootless;
    if (options.disable_nested_virtualization) {
        add_cpu_features(machine, "-vmx,-svm");
    }
    add_cpu_features(machine, options.cpu_features);
    add_machine_accelerators(machine, options.machine_accelerators);
    return machine;
}

// The IOMMU that the guest is given is for devices it passes on: its own need none.
void use_iommu(std::string& kernel_parameters) {
    constexpr std::string_view kOff = "iommu=off";
    if (const auto at = kernel_parameters.find(kOff); at != std::string::npos) {
        kernel_parameters.replace(at, kOff.size(), "intel_iommu=on iommu=pt");
    }
}

void add_nodes(VmConfig& vm, const MachineOptions& options, const HostLayout& host) {
    const std::uint64_t step = vm.machine.memory.huge_pages ? host.huge_page_mib : 1;
    vm.machine.nodes = numa_nodes(options.numa_mapping, host.nodes, vm.vcpus, vm.memory_mib, step);
    if (vm.machine.nodes.size() > 1 && vm.max_memory_mib > vm.memory_mib) {
        throw Error(ErrorCode::invalid_argument,
                    "a VM with " + std::to_string(vm.machine.nodes.size()) +
                        " NUMA nodes cannot grow; set static_sandbox_resource_mgmt = true below "
                        "[runtime]");
    }
}

std::vector<std::string> warnings_of(const MachineOptions& options, const HostLayout& host) {
    const bool transparent = options.enable_hugepages && options.hugepage_type == "thp";
    if (!transparent || host.transparent_huge_pages) {
        return {};
    }
    return {
        "hugepage_type is thp, but the host's kernel makes no huge pages of shared memory, "
        "which a guest's is; run 'echo advise "
        ">/sys/kernel/mm/transparent_hugepage/shmem_enabled'"};
}

void require(bool holds, const char* key, const std::filesystem::path& file, const char* why) {
    if (!holds) {
        throw Error(ErrorCode::invalid_argument,
                    std::string("\"hypervisor.qemu.") + key + "\" is \"" + file.native() +
                        "\", which is " + why);
    }
}

struct stat status_of(const char* key, const std::filesystem::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) {
        throw Error(ErrorCode::not_found,
                    std::string("cannot use \"hypervisor.qemu.") + key + "\" = \"" + file.native() +
                        "\": " + base::errno_text(errno));
    }
    return status;
}

void require_regular(const char* key, const std::filesystem::path& file) {
    require(file.empty() || S_ISREG(status_of(key, file).st_mode), key, file, "not a file");
}

std::string complaint_of_words(const MachineOptions& options) {
    try {
        static_cast<void>(machine_of(options));
        return "";
    } catch (const Error& error) {
        return error.what();
    }
}

}  // namespace

HostLayout host_layout(const std::filesystem::path& root) {
    HostLayout host;
    host.huge_page_mib = huge_page_mib(root);
    const auto shared =
        base::try_read_file(root / "sys/kernel/mm/transparent_hugepage/shmem_enabled");
    host.transparent_huge_pages = shared && shared->find("[never]") == std::string::npos &&
                                  shared->find("[deny]") == std::string::npos;
    const auto directory = root / "sys/devices/system/node";
    const auto online = base::try_read_file(directory / "online").value_or("0");
    for (const unsigned number : parse_cpu_list(online).value_or(std::vector<unsigned>{})) {
        const auto list =
            base::try_read_file(directory / ("node" + std::to_string(number)) / "cpulist");
        const auto cpus = parse_cpu_list(list.value_or(""));
        if (cpus && !cpus->empty()) {
            host.nodes.push_back({number, static_cast<unsigned>(cpus->size())});
        }
    }
    return host;
}

VmIdentity vm_identity(const RuntimeConfig& config, const std::string& uuid) {
    return {uuid, config.machine.rootless, config.accelerator};
}

void replace_pflashes(MachineOptions& options) {
    if (options.pflashes.size() == kPflashes) {
        options.firmware = options.pflashes[0];
        options.firmware_volume = options.pflashes[1];
        options.pflashes.clear();
    }
}

std::vector<std::string> fit_machine(VmConfig& vm,
                                     const MachineOptions& options,
                                     const HostLayout& host) {
    vm.machine = machine_of(options);
    if (vm.machine.memory.huge_pages) {
        const std::uint64_t before = vm.memory_mib;
        vm.memory_mib = rounded_up(before, host.huge_page_mib);
        if (vm.max_memory_mib > 0) {
            vm.max_memory_mib += vm.memory_mib - before;
        }
    }
    if (options.enable_iommu) {
        use_iommu(vm.kernel_parameters);
    }
    if (options.enable_numa || !options.numa_mapping.empty()) {
        add_nodes(vm, options, host);
    }
    return warnings_of(options, host);
}

std::string machine_contradiction(const RuntimeConfig& config) {
    const MachineOptions& options = config.machine;
    if (options.enable_iommu && config.machine_type != "q35") {
        return "\"hypervisor.qemu.enable_iommu\" goes with \"machine_type\" = \"q35\" only";
    }
    if (options.pcie_switch_ports > 0 && config.machine_type != "q35") {
        return "\"hypervisor.qemu.pcie_switch_port\" goes with \"machine_type\" = \"q35\" only";
    }
    if (const std::string why = vfio_contradiction(config); !why.empty()) {
        return why;
    }
    if (!options.pflashes.empty() && options.pflashes.size() != kPflashes) {
        return "\"hypervisor.qemu.pflashes\" must be two files, a firmware and its variables";
    }
    if (!options.pflashes.empty() && !options.firmware.empty()) {
        return "\"hypervisor.qemu.pflashes\" and \"firmware\" exclude each other";
    }
    if (!options.firmware_volume.empty() && options.firmware.empty()) {
        return "\"hypervisor.qemu.firmware_volume\" goes with \"firmware\" only";
    }
    const bool hash = !options.firmware_hash.empty() || !options.firmware_volume_hash.empty();
    if (hash && options.firmware.empty() && options.pflashes.empty()) {
        return "the hash of a firmware goes with \"hypervisor.qemu.firmware\" only";
    }
    return complaint_of_words(options);
}

void require_machine_files(const MachineOptions& options) {
    require_regular("firmware", options.firmware);
    require_regular("firmware_volume", options.firmware_volume);
    if (const auto& source = options.entropy_source; !source.empty()) {
        require(S_ISCHR(status_of("entropy_source", source).st_mode),
                "entropy_source",
                source,
                "not a character device such as /dev/urandom");
    }
    if (const auto& directory = options.file_mem_backend; !directory.empty()) {
        require(S_ISDIR(status_of("file_mem_backend", directory).st_mode),
                "file_mem_backend",
                directory,
                "not a directory");
    }
}

}  // namespace kata::sandbox
