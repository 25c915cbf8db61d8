// ContainerRoot: the container's tree in the shim's own mount namespace, and the shim's move into
// it.
//
// The workload never sees this tree (it runs in the guest): it is there for engines that work
// through /proc/<shim>/root. Nothing inside the root file system is trusted: destinations are
// resolved below it. The kernel undoes all of it when the shim ends.
#pragma once

#include <string>

#include "pkg/base/unique_fd.h"
#include "pkg/sandbox/shim_control.h"

namespace kata::agent {

class ContainerRoot {
  public:
    /// Detaches this mount namespace from the host's (slave: unmounts on the host still arrive),
    /// binds the root file system on itself and makes the mounts in order.
    /// @throws base::Error naming the destination that could not be mounted.
    explicit ContainerRoot(const sandbox::ShimMountRequest& request);

    /// Makes the tree `/` and lets go of the host's. Once. @throws base::Error.
    void enter();

  private:
    void mount_one(const sandbox::ShimMount& mount) const;

    std::string rootfs_;
    bool read_only_;
    base::UniqueFd root_;  // O_PATH, the bind mount
};

/// The flags that a remount must repeat, or the kernel refuses it (mounts of a more privileged
/// owner) or drops them silently.
/// @param statvfs_flags f_flag of statvfs(3). @return MS_... flags.
[[nodiscard]] unsigned long kept_mount_flags(unsigned long statvfs_flags);

}  // namespace kata::agent
