// SandboxDisks: the disks of one container become those of its sandbox's VM, or are there already
// because another container of the pod uses the same. Every effect is in the journal first.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "pkg/sandbox/config.h"
#include "pkg/sandbox/disk_access.h"
#include "pkg/sandbox/disk_plan.h"
#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/state_store.h"
#include "pkg/sandbox/vm_backend.h"

namespace kata::sandbox {

/// Borrowed for the lifetime of a SandboxDisks.
struct DiskContext {
    const RuntimeConfig& config;
    VmBackend& vm;
    base::Log& log;
    const ContainerPlace& place;
    Journal& journal;          // of the container
    Journal& sandbox_journal;  // of its sandbox
    // Says that the sandbox has a direct volume; throws if another has it.
    std::function<void(const std::string& volume)> claim_volume;
};

class SandboxDisks {
  public:
    SandboxDisks(DiskContext context, const DiskPlan& plan)
        : context_(std::move(context)), plan_(plan) {}

    /// Makes the sources accessible. @return the disks that a VM with this UUID shall start with.
    [[nodiscard]] std::vector<VmDisk> provide(const std::string& vm_uuid);

    /// The disk that is the guest's swap space: a file made for it, the sandbox's and not the
    /// container's. @param memory_mib that the VM starts with.
    [[nodiscard]] VmDisk provide_swap(const std::string& vm_uuid, std::uint64_t memory_mib);

    /// The same for a VM that runs: those that it has not are plugged.
    void plug(const std::string& vm_uuid);

  private:
    [[nodiscard]] std::vector<VmDisk> make_missing(const std::string& vm_uuid);
    [[nodiscard]] VmUser user_of(const std::string& vm_uuid) const;
    [[nodiscard]] VmDisk make(const PlannedDisk& disk,
                              const std::string& vm_uuid,
                              const VmUser& user,
                              std::size_t number,
                              Journal& journal);

    DiskContext context_;
    const DiskPlan& plan_;
};

}  // namespace kata::sandbox
