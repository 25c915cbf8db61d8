// Fitting a sandbox that runs to what its containers may use now: memory is plugged and brought on
// line, CPUs are brought on and off line. Memory is never taken out again. With
// static_sandbox_resource_mgmt nothing is done at all.
#pragma once

#include <vector>

#include "pkg/base/log.h"
#include "pkg/oci/spec.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/guest_resources.h"
#include "pkg/sandbox/sizing.h"
#include "pkg/sandbox/state_store.h"
#include "pkg/sandbox/vm_backend.h"

namespace kata::sandbox {

/// The specs of the containers in the sandbox that have not stopped, `own` in the place of that of
/// `place`'s container.
[[nodiscard]] std::vector<oci::Spec> living_specs(const ContainerPlace& place,
                                                  const oci::Spec& own);

/// Everything is borrowed; the caller holds the sandbox's lock.
class SandboxResize {
  public:
    SandboxResize(const RuntimeConfig& config,
                  Hypervisor& hypervisor,
                  GuestResources& guest,
                  base::Log& log,
                  const ContainerPlace& place);

    /// Makes the sandbox large enough for these containers, as far as it can grow; waits for the
    /// guest. What it has then is on disk. @throws base::Error if libvirt or the guest refuses.
    void grow(const std::vector<oci::Spec>& specs);

    /// Takes CPUs that these containers do not need off line. A guest that does not confirm it
    /// within 5 s is only logged.
    void shrink(const std::vector<oci::Spec>& specs) noexcept;

  private:
    [[nodiscard]] SandboxSize wanted(const std::vector<oci::Spec>& specs) const;
    void plug_memory(std::uint64_t wanted_mib);
    void set_cpus(unsigned count, base::Deadline deadline);
    void save() const;

    Hypervisor& hypervisor_;
    GuestResources& guest_;
    base::Log& log_;
    const ContainerPlace& place_;
    SandboxRecord record_;
    RuntimeConfig config_;  // as the sandbox has it
};

}  // namespace kata::sandbox
