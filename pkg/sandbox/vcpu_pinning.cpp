#include "pkg/sandbox/vcpu_pinning.h"

#include <algorithm>
#include <iterator>

#include "pkg/base/file.h"
#include "pkg/sandbox/cpu_list.h"

namespace kata::sandbox {
namespace {

std::vector<unsigned> cpus_of_sets(const std::vector<oci::Spec>& specs) {
    std::vector<unsigned> all;
    for (const oci::Spec& spec : specs) {
        const std::string list = spec.linux_ ? spec.linux_->resources.cpu.cpus : "";
        std::vector<unsigned> merged;
        std::ranges::set_union(all,
                               parse_cpu_list(list).value_or(std::vector<unsigned>{}),
                               std::back_inserter(merged));
        all = std::move(merged);
    }
    return all;
}

std::vector<unsigned> online_cpus_of_host() {
    const auto list = base::try_read_file("/sys/devices/system/cpu/online").value_or("0");
    return parse_cpu_list(list).value_or(std::vector<unsigned>{0});
}

}  // namespace

std::vector<std::vector<unsigned>> vcpu_placement(const std::vector<oci::Spec>& specs,
                                                  unsigned online,
                                                  unsigned present,
                                                  const std::vector<unsigned>& host_cpus) {
    const std::vector<unsigned> cpus = cpus_of_sets(specs);
    std::vector<std::vector<unsigned>> placement(present, cpus.empty() ? host_cpus : cpus);
    if (cpus.size() == online && online <= present) {
        for (unsigned vcpu = 0; vcpu < online; ++vcpu) {
            placement[vcpu] = {cpus[vcpu]};
        }
    }
    return placement;
}

void pin_vcpus(const RuntimeConfig& config,
               const SandboxRecord& sandbox,
               const std::vector<oci::Spec>& specs,
               Hypervisor& hypervisor) {
    if (config.enable_vcpus_pinning) {
        hypervisor.pin_vcpus(
            sandbox.vm_uuid,
            vcpu_placement(specs, sandbox.cpus, sandbox.max_cpus, online_cpus_of_host()),
            base::Deadline::after(config.libvirt_timeout));
    }
}

}  // namespace kata::sandbox
