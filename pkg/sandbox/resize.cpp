#include "pkg/sandbox/resize.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>

#include "pkg/base/error.h"
#include "pkg/sandbox/config/annotations.h"
#include "pkg/sandbox/request_deadline.h"

namespace kata::sandbox {
namespace {

constexpr std::chrono::seconds kShrink{5};
constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

std::string mib(std::uint64_t number) {
    return std::to_string(number) + " MiB";
}

}  // namespace

std::vector<oci::Spec> living_specs(const ContainerPlace& place, const oci::Spec& own) {
    std::vector<oci::Spec> specs{own};
    std::error_code failure;
    for (const auto& entry :
         std::filesystem::directory_iterator(place.sandbox_dir / "containers", failure)) {
        if (entry.path() == place.container_dir) {
            continue;
        }
        ContainerPlace other = place;
        other.container_dir = entry.path();
        try {
            if (derive_status(StateStore::load_container(other)) != oci::Status::stopped) {
                specs.push_back(StateStore::load_spec(other));
            }
        } catch (const base::Error&) {
            continue;  // only being created, or half deleted: it asks for itself, or not any more
        }
    }
    return specs;
}

SandboxResize::SandboxResize(const RuntimeConfig& config,
                             Hypervisor& hypervisor,
                             GuestResources& guest,
                             base::Log& log,
                             const ContainerPlace& place)
    : hypervisor_(hypervisor),
      guest_(guest),
      log_(log),
      place_(place),
      record_(StateStore::load_sandbox(place)),
      config_(with_accepted_annotations(config, record_.config_annotations)) {}

// Defaults and bounds are those that the VM was started with, whatever the configuration says now.
SandboxSize SandboxResize::wanted(const std::vector<oci::Spec>& specs) const {
    const std::uint64_t most = std::max(record_.max_memory_mib, record_.boot_memory_mib);
    RuntimeConfig at_start;
    at_start.default_vcpus = record_.default_cpus;
    at_start.default_memory_mib = record_.default_memory_mib;
    return sandbox_size(at_start, {record_.max_cpus, most}, specs);
}

void SandboxResize::grow(const std::vector<oci::Spec>& specs) {
    if (config_.static_sandbox_resource_mgmt) {
        return;
    }
    const SandboxSize size = wanted(specs);
    if (size.memory_mib > record_.boot_memory_mib + record_.plugged_memory_mib) {
        plug_memory(size.memory_mib);
    }
    if (size.cpus > record_.cpus) {
        set_cpus(size.cpus, request_deadline(config_));
    }
}

void SandboxResize::plug_memory(std::uint64_t wanted_mib) {
    const auto deadline = request_deadline(config_);
    const std::uint64_t block = guest_.guest_details(deadline).memory_block_bytes / kMebibyte;
    const std::uint64_t have = record_.boot_memory_mib + record_.plugged_memory_mib;
    if (block == 0) {
        log_.warning("the guest's kernel takes no memory while it runs; the sandbox stays at " +
                     mib(have));
        return;
    }
    const std::uint64_t missing = (wanted_mib - have + block - 1) / block;
    const std::uint64_t possible = (record_.max_memory_mib - have) / block;
    if (possible == 0) {
        return;
    }
    record_.plugged_memory_mib =
        hypervisor_.plug_memory(record_.vm_uuid,
                                std::min(missing, possible) * block,
                                base::Deadline::after(config_.libvirt_timeout));
    save();
    guest_.online_cpu_memory(0, record_.plugged_memory_mib, deadline);
}

void SandboxResize::set_cpus(unsigned count, base::Deadline deadline) {
    record_.cpus = guest_.online_cpu_memory(count, 0, deadline);
    save();
}

void SandboxResize::shrink(const std::vector<oci::Spec>& specs) noexcept {
    if (config_.static_sandbox_resource_mgmt) {
        return;
    }
    try {
        const unsigned count = wanted(specs).cpus;
        if (count > 0 && count < record_.cpus) {
            set_cpus(count, base::Deadline::after(kShrink));
        }
    } catch (const std::exception& error) {
        log_.warning(std::string("the guest keeps CPUs that are not needed any more: ") +
                     error.what());
    }
}

void SandboxResize::save() const {
    StateStore::save_sandbox(place_, record_);
}

}  // namespace kata::sandbox
