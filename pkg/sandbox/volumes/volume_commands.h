// The two use-cases of a direct-assigned volume that a VM has a part in, and the port through which
// they reach it. What the host can do is done here; nothing here knows libvirt or the agent.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pkg/sandbox/volumes/direct_volume_store.h"

namespace kata::sandbox {

struct VolumeUsage {
    enum class Unit { bytes = 1, inodes = 2 };
    Unit unit = Unit::bytes;
    std::uint64_t available = 0;
    std::uint64_t total = 0;
    std::uint64_t used = 0;
};

struct VolumeStats {
    std::vector<VolumeUsage> usage;
    bool abnormal = false;
    std::string message = "OK";
};

/// The VM of a sandbox that has the volume.
class VolumeVm {
  public:
    VolumeVm() = default;
    VolumeVm(const VolumeVm&) = delete;
    VolumeVm& operator=(const VolumeVm&) = delete;
    VolumeVm(VolumeVm&&) = delete;
    VolumeVm& operator=(VolumeVm&&) = delete;
    virtual ~VolumeVm() = default;

    /// Of the file system as the guest has mounted it. @throws base::Error, soon, if the VM is
    /// gone.
    [[nodiscard]] virtual VolumeStats stats(const std::string& sandbox_id,
                                            const DirectVolume& volume) = 0;

    /// The volume's device has `size` bytes by now: lets the VM see it and grows the file system in
    /// the guest. @throws base::Error; nothing of it is lost, since the next start does it, too.
    virtual void grow(const std::string& sandbox_id,
                      const DirectVolume& volume,
                      std::uint64_t size) = 0;
};

/// @throws base::Error not_found: no such volume; invalid_state `no sandbox found for ...`.
[[nodiscard]] VolumeStats volume_stats(const DirectVolumeStore& store,
                                       const std::string& path,
                                       VolumeVm& vm);

/// Makes the volume `size` bytes large: a file grows here, a block device must have grown already;
/// then the sandbox that has the volume takes part, or the next one that does. The same size again
/// is fine. @throws base::Error invalid_argument if it would shrink.
void resize_volume(const DirectVolumeStore& store,
                   const std::string& path,
                   std::uint64_t size,
                   VolumeVm& vm);

/// Kata's reply to a CSI driver, in one line: members that are 0, false or empty are left out.
[[nodiscard]] std::string volume_stats_json(const VolumeStats& stats);

/// Bytes, or a quantity of Kubernetes: 8Gi, 500M; no sign, blank, fraction or exponent.
/// @throws base::Error invalid_argument
[[nodiscard]] std::uint64_t parse_volume_size(const std::string& text);

}  // namespace kata::sandbox
