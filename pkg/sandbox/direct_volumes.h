// Direct-assigned volumes of this host as containers and their VMs use them: between
// pkg/sandbox/volumes/, which knows no VM, and the VM.
#pragma once

#include <optional>
#include <string>

#include "pkg/oci/spec.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/disk_plan.h"
#include "pkg/sandbox/vm_backend.h"
#include "pkg/sandbox/volumes/volume_commands.h"

namespace kata::sandbox {

/// The volumes that the sandboxes of this configuration can have.
[[nodiscard]] DirectVolumeStore volume_store(const RuntimeConfig& config);

/// The volume that a mount's source names, as the sandbox with this id would claim it.
/// @throws base::Error unsupported for one that is no disk.
[[nodiscard]] std::optional<VolumeOnDisk> volume_of(const DirectVolumeStore& store,
                                                    const oci::Mount& mount,
                                                    const std::string& sandbox_id);

/// Reaches the volumes of running sandboxes.
class SandboxVolumeVm final : public VolumeVm {
  public:
    /// Both are borrowed.
    SandboxVolumeVm(const RuntimeConfig& config, VmBackend& vm) : config_(config), vm_(vm) {}

    [[nodiscard]] VolumeStats stats(const std::string& sandbox_id,
                                    const DirectVolume& volume) override;
    void grow(const std::string& sandbox_id,
              const DirectVolume& volume,
              std::uint64_t size) override;

  private:
    const RuntimeConfig& config_;
    VmBackend& vm_;
};

}  // namespace kata::sandbox
