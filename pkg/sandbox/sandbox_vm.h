// The VM of one sandbox: making it boot, and finding the way to its agent. No container is known
// here.
#pragma once

#include <memory>
#include <string>

#include "pkg/base/deadline.h"
#include "pkg/base/log.h"
#include "pkg/oci/spec.h"
#include "pkg/sandbox/cgroup.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/record.h"
#include "pkg/sandbox/sandbox_disks.h"
#include "pkg/sandbox/sandbox_vfio.h"
#include "pkg/sandbox/share.h"
#include "pkg/sandbox/state_store.h"
#include "pkg/sandbox/step_timer.h"
#include "pkg/sandbox/vm_backend.h"

namespace kata::sandbox {

/// What booting a sandbox needs; everything is borrowed for the call.
struct BootContext {
    const RuntimeConfig& config;
    VmBackend& vm;
    base::Log& log;
    StepTimer& steps;
    const ContainerPlace& place;
    const oci::Spec& spec;  // of the container that the sandbox is made for
    const Share& share;
    SandboxDisks& disks;  // that the VM starts with
    SandboxVfio* vfio;    // the same of hardware; may be nullptr
    const HostCgroup& cgroup;
    Journal& journal;
    // The network namespace of the container's shim, and where it is found when that has ended (may
    // be empty): sandbox_network.h.
    std::filesystem::path network_namespace;
    std::string lasting_network;
};

/// A running VM whose agent has mounted the share.
struct BootedSandbox {
    SandboxRecord record;
    std::unique_ptr<Agent> agent;
};

/// Creates the VM paused, accounts it, lets it run, greets its agent. The VM is in the journal
/// before libvirt is asked for it. @throws base::Error with the end of the guest's console if it
/// dies or is mute.
[[nodiscard]] BootedSandbox boot_sandbox(const BootContext& context);

/// How the agent of a sandbox is reached.
[[nodiscard]] AgentAddress agent_address(const ContainerPlace& place, const SandboxRecord& record);

/// A conversation with the agent of a sandbox that runs. @throws base::Error; if the agent is mute
/// because an administrator paused the VM, the message says so and how to go on.
[[nodiscard]] std::unique_ptr<Agent> connect_agent(VmBackend& vm,
                                                   const ContainerPlace& place,
                                                   base::Deadline deadline);

}  // namespace kata::sandbox
