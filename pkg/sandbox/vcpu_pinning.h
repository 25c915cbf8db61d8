// enable_vcpus_pinning: each vCPU of a sandbox on a CPU of its own, as long as it has as many of
// them on line as its containers' cpusets have CPUs.
#pragma once

#include <vector>

#include "pkg/oci/spec.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/hypervisor.h"
#include "pkg/sandbox/record.h"

namespace kata::sandbox {

/// For each of the sandbox's vCPUs the CPUs of the host that it may run on: one each if those of
/// the containers' cpusets are as many as the vCPUs on line; else all of the cpusets', or the
/// host's where no container has one. The guest brings vCPUs on line from the first.
[[nodiscard]] std::vector<std::vector<unsigned>> vcpu_placement(
    const std::vector<oci::Spec>& specs,
    unsigned online,
    unsigned present,
    const std::vector<unsigned>& host_cpus);

/// Pins the vCPUs of the sandbox so, if its configuration asks for it.
/// @param config the sandbox's. @param specs of the containers that live in it.
void pin_vcpus(const RuntimeConfig& config,
               const SandboxRecord& sandbox,
               const std::vector<oci::Spec>& specs,
               Hypervisor& hypervisor);

}  // namespace kata::sandbox
