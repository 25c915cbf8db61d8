// build_vm_config: configuration and spec turned into the hardware of a sandbox. A pure function.
#pragma once

#include <string>

#include "pkg/sandbox/config.h"
#include "pkg/sandbox/hypervisor.h"
#include "pkg/sandbox/share.h"
#include "pkg/sandbox/sizing.h"
#include "pkg/sandbox/state_store.h"

namespace kata::sandbox {

/// How many conversations with the guest can go on at once: one for each process of each container,
/// and one for each command while it runs.
inline constexpr unsigned kPortCount = 16;

/// @param size what the guest uses at its start. @param bounds what it can grow to.
/// @param uuid of the new VM, lower case with dashes.
[[nodiscard]] VmConfig build_vm_config(const RuntimeConfig& config,
                                       const SandboxSize& size,
                                       const SizeBounds& bounds,
                                       const ContainerPlace& place,
                                       const Share& share,
                                       const std::string& uuid);

/// The parameters that every guest kernel gets, before the configuration's own and the sandbox's
/// number of CPUs: some are for kata-agent.
[[nodiscard]] std::string standard_kernel_parameters(const RuntimeConfig& config);

/// A random (version 4) UUID as libvirt writes it.
[[nodiscard]] std::string random_uuid();

}  // namespace kata::sandbox
