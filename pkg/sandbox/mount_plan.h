// MountPlan: what becomes of each mount of a spec on its way into the guest. Data, made by looking
// at the host's files once; carrying it out is share.h, the shim and the guest's crun.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "pkg/oci/bundle.h"
#include "pkg/sandbox/disk_plan.h"
#include "pkg/sandbox/memory_volume.h"
#include "pkg/sandbox/share.h"
#include "pkg/sandbox/shim_control.h"

namespace kata::sandbox {

struct PlannedMount {
    enum class Kind {
        shared,         // a bind of the host's: shared through virtio-fs, bound again in the guest
        shared_memory,  // /dev/shm: a tmpfs in the guest's memory, of the size the source has
        pod_memory,     // an emptyDir in memory: one of the guest's, which the pod shares
        guest,          // proc, tmpfs, sysfs, ...: mounted in the guest as written
        guest_bind,     // a bind of something below /proc, /sys or /dev: the guest's own is meant
        disk,           // the file system of a disk, mounted by the guest: disk_plan.h
        left_out,       // a bind of what only the host has, see kernel_mounts.h
    };
    Kind kind = Kind::guest;
    std::size_t index = 0;         // in spec.mounts
    ShareSource source;            // shared
    bool source_is_file = false;   // shared: anything that is not a directory
    bool read_only = false;        // of any kind
    std::string share_path;        // shared: below the share's `mounts`
    std::uint64_t size_bytes = 0;  // shared_memory
    std::string memory_key;  // shared_memory, pod_memory: equal for equal directories of the host
    MemoryVolume memory{};   // pod_memory
    DiskMount disk{};        // disk
};

struct MountPlan {
    std::vector<PlannedMount> mounts;   // one for each of spec.mounts, in its order
    std::vector<std::string> warnings;  // sources that cannot work across a VM
};

/// @throws base::Error not_found naming a bind's source that does not exist; unsupported for one
/// over /proc.
/// @param disks mounts that are file systems of disks; their sources are not looked at.
[[nodiscard]] MountPlan plan_mounts(const oci::Bundle& bundle,
                                    const std::string& container_id,
                                    const std::map<std::size_t, DiskMount>& disks = {});

/// The tree that the container's shim shall see, see ShimMountRequest.
[[nodiscard]] ShimMountRequest shim_mounts(const oci::Bundle& bundle, const MountPlan& plan);

/// The destinations that must exist in a read-only root before it is shared, with their kind.
struct MountPoint {
    std::string destination;
    bool as_file = false;
};
[[nodiscard]] std::vector<MountPoint> missing_mount_points(const oci::Spec& spec,
                                                           const MountPlan& plan);

/// Whether the options of a mount make it read-only; the last of "ro" and "rw" counts.
[[nodiscard]] bool is_read_only(const oci::Mount& mount);

}  // namespace kata::sandbox
