// MemoryVolume: a Kubernetes emptyDir whose medium is memory. The kubelet has mounted a tmpfs or
// hugetlbfs for it on the host; of a VM's containers the memory has to be the VM's, so the guest
// mounts one of its own, which the pod's containers share.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/mount_table.h"

namespace kata::sandbox {

/// As mount(2) in the guest takes it.
struct MemoryVolume {
    std::string fs_type;               // "tmpfs" or "hugetlbfs"
    std::vector<std::string> options;  // of the file system: size, page size, mode, owner
    bool operator==(const MemoryVolume&) const = default;
};

/// What `source` is: only a path of the kubelet's for emptyDir volumes with a file system of its
/// own is one. Volumes on the host's disk, and directories below a memory one (subPath), are not.
/// @param source resolved. @param status of it: the guest's has the same mode and owners.
[[nodiscard]] std::optional<MemoryVolume> memory_volume_of(
    const std::filesystem::path& source,
    const struct stat& status,
    const std::vector<base::MountEntry>& mounts);

/// Whether a path is one that memory_volume_of() has to be asked about.
[[nodiscard]] bool is_empty_dir(const std::filesystem::path& source);

}  // namespace kata::sandbox
