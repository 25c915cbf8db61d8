// Runtime: the use-cases of an OCI runtime, one method each, implemented one file each.
//
// It is what the command line calls and what tests call with fakes behind VmBackend. It is not a
// parser of options and prints nothing. It owns nothing long-lived: state is on disk
// (state_store.h), the VM is libvirt's, the workload's stdio is kata-shim's.
//
// Every method: @throws base::Error; a container that does not exist is not_found "container does
// not exist".
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "pkg/base/log.h"
#include "pkg/base/process.h"
#include "pkg/oci/container_id.h"
#include "pkg/oci/spec.h"
#include "pkg/oci/state.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/guest_resources.h"
#include "pkg/sandbox/state_store.h"
#include "pkg/sandbox/vm_backend.h"

namespace kata::sandbox {

struct CreateRequest {
    oci::ContainerId id;
    std::filesystem::path bundle;
    std::filesystem::path config_file;     // empty: <bundle>/config.json
    std::filesystem::path console_socket;  // empty: none
    std::filesystem::path pid_file;        // empty: none
    bool foreground =
        false;  // `run` without --detach: the workload uses our own stdio, tty included
};

struct ExecRequest {
    oci::ContainerId id;
    std::string process_json;              // a complete OCI process object
    std::filesystem::path console_socket;  // as above
    std::filesystem::path pid_file;
    bool foreground = false;
    bool ignore_paused = false;
};

/// Takes what Runtime::watch() has to tell, in the order in which it happens.
class EventSink {
  public:
    EventSink() = default;
    EventSink(const EventSink&) = delete;
    EventSink& operator=(const EventSink&) = delete;
    EventSink(EventSink&&) = delete;
    EventSink& operator=(EventSink&&) = delete;
    virtual ~EventSink() = default;

    virtual void on_stats(const GuestStats& stats) = 0;
    /// A process of the container was killed for want of memory.
    virtual void on_out_of_memory() = 0;
};

struct NetworkTask;

class Runtime {
  public:
    /// All references are borrowed and must outlive this object.
    Runtime(const RuntimeConfig& config, const StateStore& store, VmBackend& vm, base::Log& log);

    /// Boots or joins a sandbox VM and creates the container in it; the pid file is written last.
    /// On any failure, and on interruption, the host is left as it was.
    /// @return the container's kata-shim: a descendant of this process.
    base::ProcessId create(const CreateRequest& request);

    void start(const oci::ContainerId& id);

    [[nodiscard]] oci::ContainerSummary state(const oci::ContainerId& id) const;

    /// Every container of this root. A broken entry is skipped with a warning in the log.
    [[nodiscard]] std::vector<oci::ContainerSummary> list() const;

    /// @param all also the other processes of the container (runc's --all).
    void kill(const oci::ContainerId& id, int signal, bool all);

    /// @param force kill first if needed; a container that does not exist is then fine.
    void remove(const oci::ContainerId& id, bool force);

    /// @return the kata-shim of the new process.
    base::ProcessId exec(const ExecRequest& request);

    /// Opens a shell of the guest in which the container is, on our own standard streams.
    /// @return its kata-shim. @throws base::Error permission_denied unless the configuration has
    /// allowed it when the sandbox was made.
    base::ProcessId open_debug_console(const oci::ContainerId& id, bool terminal);

    /// Whether the QEMU of the container's sandbox does not run any more.
    [[nodiscard]] bool vm_is_gone(const oci::ContainerId& id) const;

    /// The container's spec as it was at create.
    [[nodiscard]] oci::Spec spec(const oci::ContainerId& id) const;

    /// Host pids of the container's shims (init first, then execs). @throws invalid_state if not
    /// running.
    [[nodiscard]] std::vector<pid_t> host_pids(const oci::ContainerId& id) const;

    /// ps(1) as seen in the guest, limited to the container.
    [[nodiscard]] std::string guest_processes(const oci::ContainerId& id,
                                              const std::vector<std::string>& ps_args);

    /// Stops the container's processes where they are, and lets them go on.
    void pause(const oci::ContainerId& id);
    void resume(const oci::ContainerId& id);

    /// Changes the container's limits while it runs, and the size of its VM with them. What it had
    /// is kept where `resources_json`, an OCI linux.resources object, says nothing or 0.
    void update(const oci::ContainerId& id, const std::string& resources_json);

    /// What the guest has counted for the container so far.
    [[nodiscard]] GuestStats stats(const oci::ContainerId& id);

    /// Reports to `sink` what happens to a container, and its counters every `interval`, until it
    /// ends.
    void watch(const oci::ContainerId& id, std::chrono::milliseconds interval, EventSink& sink);

    // network_commands.cpp: the network of the container's sandbox, for one that runs

    /// Connects the VM to `device` of the container's network namespace; the guest sees it as
    /// `wanted` (sandbox_network.h). @return it as the guest has it.
    GuestInterface add_interface(const oci::ContainerId& id,
                                 const std::string& device,
                                 const GuestInterface& wanted);
    /// @param which by its MAC address or, without one, its name.
    GuestInterface remove_interface(const oci::ContainerId& id, const GuestInterface& which);
    [[nodiscard]] std::vector<GuestInterface> interfaces(const oci::ContainerId& id);
    [[nodiscard]] std::vector<GuestRoute> routes(const oci::ContainerId& id);
    /// @return the guest's routes afterwards.
    std::vector<GuestRoute> update_routes(const oci::ContainerId& id,
                                          const std::vector<GuestRoute>& routes);
    /// Brings the VM in step with the container's network namespace.
    void refresh_network(const oci::ContainerId& id);
    /// Does so whenever something changes there, until the container has ended. For a process that
    /// does nothing else: each change is dealt with in a child. (network_watch.cpp)
    void watch_network(const oci::ContainerId& id);

  private:
    [[nodiscard]] NetworkTask network_task(const oci::ContainerId& id);
    /// The sandbox is locked by the caller.
    void remove_locked(const ContainerPlace& place, bool force);

    const RuntimeConfig& config_;
    const StateStore& store_;
    VmBackend& vm_;
    base::Log& log_;
};

}  // namespace kata::sandbox
