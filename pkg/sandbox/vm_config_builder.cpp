#include "pkg/sandbox/vm_config_builder.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "pkg/base/error.h"
#include "pkg/sandbox/disk_tuning.h"
#include "pkg/sandbox/guest_image.h"
#include "pkg/sandbox/vm_share.h"

namespace kata::sandbox {
namespace {

// What makes a Debian kernel reach its init sooner in a machine that has no such hardware, and ends
// the VM when it panics.
constexpr const char* kKernelParameters =
    "console=ttyS0 panic=1 reboot=t tsc=reliable no_timer_check noreplace-smp "
    "cryptomgr.notests init_on_alloc=0 random.trust_cpu=on 8250.nr_uarts=1 i8042.noaux "
    "i8042.nomux i8042.nopnp net.ifnames=0 cgroup_no_v1=all iommu=off";

// Nothing is said when all is well; or everything, each line with its level (guest_log_relay.h).
constexpr const char* kQuiet = " quiet loglevel=3";
constexpr const char* kTalkative = " loglevel=7 console_msg_format=syslog";

// Memory grows by whole blocks of the guest's, which are this large or a multiple of it.
constexpr std::uint64_t kMemoryBlockMib = 128;

void set_size(VmConfig& vm,
              const RuntimeConfig& config,
              const SandboxSize& size,
              const SizeBounds& bounds) {
    // All CPUs are there from the start: one that is plugged later may be refused by the host's
    // cgroups. The guest uses those it is told to.
    vm.vcpus = bounds.cpus;
    vm.kernel_parameters += " maxcpus=" + std::to_string(size.cpus);
    vm.memory_mib = size.memory_mib;
    const std::uint64_t growth = (bounds.memory_mib - size.memory_mib) / kMemoryBlockMib;
    const bool growing = config.memory_slots > 0 || config.machine.enable_virtio_mem;
    if (growing && growth > 0) {
        vm.memory_slots = std::max(config.memory_slots, 1U);
        vm.max_memory_mib = size.memory_mib + growth * kMemoryBlockMib;
    }
}

std::vector<VmPort> ports_in(const std::filesystem::path& directory) {
    std::vector<VmPort> ports;
    for (unsigned number = 0; number < kPortCount; ++number) {
        const std::string name = std::to_string(number);
        ports.push_back({"kata.agent." + name, directory / (name + ".sock")});
    }
    return ports;
}

}  // namespace

VmConfig build_vm_config(const RuntimeConfig& config,
                         const SandboxSize& size,
                         const SizeBounds& bounds,
                         const ContainerPlace& place,
                         const Share& share,
                         const std::string& uuid) {
    VmConfig vm;
    vm.name = "kata-" + place.sandbox_id;
    vm.uuid = uuid;
    vm.sandbox_id = place.sandbox_id;
    vm.state_dir = place.sandbox_dir;
    vm.accelerator = config.accelerator;
    vm.machine_type = config.machine_type;
    vm.emulator = config.emulator;
    vm.kernel = config.kernel;
    vm.initrd = booted_initrd(config);
    vm.kernel_parameters = standard_kernel_parameters(config);
    set_size(vm, config, size, bounds);
    if (!config.kernel_params.empty()) {
        vm.kernel_parameters += " " + config.kernel_params;
    }
    vm.hotplug_ports = config.pcie_root_ports;
    vm.disk_tuning = disk_tuning(config, 0);
    vm.iothreads = disk_iothreads(config);
    vm.vsock = config.use_vsock;
    if (!config.use_vsock) {
        vm.ports = ports_in(place.ports_dir());
    }
    vm.share = vm_share(config, share);
    vm.console_log = place.console_log();
    return vm;
}

std::string standard_kernel_parameters(const RuntimeConfig& config) {
    std::string parameters = kKernelParameters;
    parameters += config.guest_debug ? kTalkative : kQuiet;
    if (config.agent_debug) {
        parameters += " agent.log=debug";
    }
    if (config.debug_console_enabled) {
        parameters += " agent.debug_console";
    }
    if (config.container_pipe_size > 0) {
        parameters += " agent.container_pipe_size=" + std::to_string(config.container_pipe_size);
    }
    return parameters;
}

std::string random_uuid() {
    std::array<unsigned char, 16> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        throw base::errno_error("get random bytes", "", errno);
    }
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text += '-';
        }
        std::array<char, 3> digits{};
        std::snprintf(digits.data(), digits.size(), "%02x", bytes[i]);
        text += digits.data();
    }
    return text;
}

}  // namespace kata::sandbox
