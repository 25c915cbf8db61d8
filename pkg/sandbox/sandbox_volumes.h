// SandboxVolumes: the VMs of sandboxes as the use-cases of direct volumes see them
// (volumes/volume_commands.h).
#pragma once

#include "pkg/sandbox/config.h"
#include "pkg/sandbox/vm_backend.h"
#include "pkg/sandbox/volumes/volume_commands.h"

namespace kata::sandbox {

class SandboxVolumes : public VolumeVm {
  public:
    /// Both are borrowed.
    SandboxVolumes(const RuntimeConfig& config, VmBackend& vm) : config_(config), vm_(vm) {}

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
