// ContainerCreation: the steps of `create` for one container, in the order of the specification and
// of the engines' expectations, and their undoing. Lives as long as one create; what must outlive
// it is on disk.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "pkg/base/log.h"
#include "pkg/oci/bundle.h"
#include "pkg/oci/hooks.h"
#include "pkg/sandbox/cgroup.h"
#include "pkg/sandbox/cgroup_place.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/disk_plan.h"
#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/mount_plan.h"
#include "pkg/sandbox/namespaces.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/sandbox_disks.h"
#include "pkg/sandbox/share.h"
#include "pkg/sandbox/shim_launcher.h"
#include "pkg/sandbox/state_store.h"
#include "pkg/sandbox/step_timer.h"
#include "pkg/sandbox/vfio_plan.h"
#include "pkg/sandbox/vm_backend.h"

namespace kata::sandbox {

class ContainerCreation {
  public:
    /// Everything is borrowed. @param place reserved and locked by the caller.
    /// @param joins_pod the sandbox exists already and gets one more container.
    ContainerCreation(const RuntimeConfig& config,
                      VmBackend& vm,
                      base::Log& log,
                      const CreateRequest& request,
                      const oci::Bundle& bundle,
                      const ContainerPlace& place,
                      bool joins_pod);

    /// All steps. @return the shim, which then lives on its own. @throws base::Error: call undo().
    base::ProcessId run();

    /// Takes back what run() did as far as it came; what cannot be undone is logged, never thrown.
    void undo() noexcept;

  private:
    void plan();
    void plan_devices();
    void plan_root();
    void make_mount_points() const;
    [[nodiscard]] DiskContext disk_context();
    void save_record(oci::Status status);
    void launch_shim();
    void enter_cgroup();
    void run_hooks(oci::HookStage stage, bool in_container);
    void share_files();
    void share_live_files();
    void copy_files();
    void enter_sandbox();
    void create_in_guest();
    void hand_over();
    void write_pid_file() const;
    void leave_guest() noexcept;

    const RuntimeConfig& config_;
    VmBackend& vm_;
    base::Log& log_;
    const CreateRequest& request_;
    const oci::Bundle& bundle_;
    const ContainerPlace& place_;
    bool joins_pod_;
    StepTimer steps_;
    Journal journal_;          // of what is this container's alone
    Journal sandbox_journal_;  // of what lives as long as any container of the sandbox
    Share share_;
    CgroupPlace cgroup_place_;
    HostCgroup cgroup_;
    DiskPlan disks_;
    VfioPlug vfio_plug_;
    VfioPlan vfio_;
    std::map<std::string, std::string> cdi_;  // annotations
    MountPlan mounts_;
    GuestNamespaces namespaces_;
    ContainerRecord record_;
    std::optional<ShimProcess> shim_;
    std::unique_ptr<Agent> agent_;
    AgentAddress address_;
    std::string guest_root_;
};

}  // namespace kata::sandbox
