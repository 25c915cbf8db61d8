// How large a sandbox is: its configured size plus what its containers may use, within what it can
// grow to. Pure functions over configuration, specs and the host's size; resize.h applies them to a
// VM that runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pkg/oci/spec.h"
#include "pkg/sandbox/config.h"

namespace kata::sandbox {

struct SandboxSize {
    unsigned cpus = 0;  // on line in the guest
    std::uint64_t memory_mib = 0;
    bool operator==(const SandboxSize&) const = default;
};

/// What a VM can grow to after its start.
struct SizeBounds {
    unsigned cpus = 0;  // present in the VM from its start
    std::uint64_t memory_mib = 0;
};

/// CPUs and memory of this host.
[[nodiscard]] SandboxSize host_size();

/// default_maxvcpus and default_maxmemory, in which 0 stands for all that `host` has; never less
/// than what a sandbox without limits gets.
[[nodiscard]] SizeBounds size_bounds(const RuntimeConfig& config, const SandboxSize& host);

/// default_vcpus and default_memory, and on top of them the sums of the containers' limits: CPU
/// quotas rounded up to whole CPUs, or where no container has one the CPUs of their cpusets; memory
/// and huge page limits. A pod's own sizes (CRI's annotations on its sandbox container) count
/// instead where they are larger. Never beyond `bounds`.
/// @param specs of the containers that live in the sandbox.
[[nodiscard]] SandboxSize sandbox_size(const RuntimeConfig& config,
                                       const SizeBounds& bounds,
                                       const std::vector<oci::Spec>& specs);

/// The number of CPUs in a list such as "0-3,7"; 0 for text that is none.
[[nodiscard]] unsigned cpus_in_list(const std::string& list);

}  // namespace kata::sandbox
