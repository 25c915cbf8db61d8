// SandboxNetwork: the network of one sandbox over its life: what is planned before the VM boots,
// connected while it is paused, told to the guest, and kept in step with the namespace afterwards.
// Only the sandbox's first container has one.
//
// It owns nothing on the host: what it has made is in the journal and in record().
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/base/log.h"
#include "pkg/base/unique_fd.h"
#include "pkg/sandbox/agent.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/hypervisor.h"
#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/network/endpoint.h"

namespace kata::sandbox {

/// What a sandbox's network works with. References are borrowed.
struct NetworkContext {
    const RuntimeConfig& config;
    base::Log& log;
    Journal& journal;
    // Of the shim, /proc/<pid>/ns/net. Empty: the sandbox has no network of its own.
    std::filesystem::path name_space;
    // Where the namespace is found when the shim has ended; empty: it ends with the shim.
    std::string lasting_path;
    std::string vm_uuid;
};

class SandboxNetwork {
  public:
    explicit SandboxNetwork(NetworkContext context, NetworkRecord record = {});

    /// Looks at the namespace and decides what the VM gets. Makes macvtaps, nothing else.
    /// @throws base::Error for an interface that cannot be had.
    void plan();

    /// The VM's interfaces, as planned.
    [[nodiscard]] std::vector<VmNic> nics() const;

    /// Connects the taps that libvirt has made for the paused VM. @param vm_pid QEMU's.
    void connect(pid_t vm_pid);

    /// Interfaces, routes and neighbours, in this order.
    void set_up_guest(Agent& agent);

    /// Whether the namespace is not what the VM was last given. Costs a millisecond.
    [[nodiscard]] bool has_changed() const;

    /// Plugs what has appeared, unplugs what has vanished, tells the guest what has changed.
    /// An interface that fails is not in record() afterwards, and the error is thrown when the
    /// others are done.
    void refresh(Hypervisor& hypervisor, Agent& agent, pid_t vm_pid);

    /// Plugs the namespace's interface `device`, which the guest sees as `wanted`; no MAC address
    /// or MTU there: those of `device`. @return it as the guest has it.
    /// @throws base::Error not_found, already_exists, unsupported for its kind
    GuestInterface add(const std::string& device,
                       GuestInterface wanted,
                       Hypervisor& hypervisor,
                       Agent& agent,
                       pid_t vm_pid);
    /// Unplugs the interface with the MAC address, or, if that is empty, the name of `which`, and
    /// leaves it unplugged. @return it as the guest had it. @throws base::Error not_found
    GuestInterface remove(const GuestInterface& which, Hypervisor& hypervisor, Agent& agent);
    /// From now on these are the guest's routes, whatever the namespace has.
    void set_routes(std::vector<GuestRoute> routes, Agent& agent);

    [[nodiscard]] const NetworkRecord& record() const { return record_; }

  private:
    [[nodiscard]] bool present() const { return !context_.name_space.empty(); }
    void require_present() const;
    [[nodiscard]] base::UniqueFd open_namespace() const;
    [[nodiscard]] NicOptions nic_options() const;
    [[nodiscard]] RateLimits rate_limits() const;
    NetworkEndpoint prepare(const ServedInterface& served, base::FdRef container);
    void journal_traffic(const NetworkEndpoint& endpoint, base::FdRef container);
    void plug(const NetworkEndpoint& endpoint,
              base::FdRef container,
              Hypervisor& hypervisor,
              Agent& agent,
              pid_t vm_pid);
    void unplug(const NetworkEndpoint& endpoint,
                base::FdRef container,
                Hypervisor& hypervisor,
                Agent& agent);
    void forget(const NetworkEndpoint& endpoint);

    NetworkContext context_;
    NetworkRecord record_;
    GuestView view_;  // as planned
};

}  // namespace kata::sandbox
