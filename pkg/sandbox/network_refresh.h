// The network of a sandbox that exists already: found on disk, changed, written back.
// The caller holds the sandbox's lock.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "pkg/base/log.h"
#include "pkg/oci/spec.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/record.h"
#include "pkg/sandbox/sandbox_network.h"
#include "pkg/sandbox/state_store.h"
#include "pkg/sandbox/vm_backend.h"

namespace kata::sandbox {

/// Where a container's network namespace is found when its shim has ended; empty: nowhere.
[[nodiscard]] std::string lasting_network(const oci::Spec& spec);

/// What the work below borrows. `owner` is the sandbox's first container.
struct NetworkOwner {
    const RuntimeConfig& config;
    VmBackend& vm;
    base::Log& log;
    const ContainerPlace& place;
    const ContainerRecord& owner;
};

/// Changes the network of the sandbox; what came of it is on disk also if `change` throws.
void change_network(const NetworkOwner& owner,
                    const std::function<void(SandboxNetwork&, pid_t vm_pid)>& change);

/// Gives the VM what has appeared in the namespace since it was looked at last, and takes away what
/// has vanished. Nothing has happened: one look.
/// @param agent called if there is something to do.
void refresh_network(const NetworkOwner& owner, const std::function<Agent&()>& agent);

}  // namespace kata::sandbox
