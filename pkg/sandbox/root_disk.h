// RootDisk: a container's root that is a block device's whole file system, mounted by the engine
// for this container, as the snapshotters devmapper and blockfile do. Such a device can be a disk
// of the VM instead of files that are shared. Found in the host's mount table by looking; giving it
// away is lent_rootfs.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pkg/oci/bundle.h"
#include "pkg/sandbox/disk_plan.h"
#include "pkg/sandbox/volumes/volume_device.h"

namespace kata::sandbox {

struct RootDisk {
    DiskSource source;  // read-only if nobody shall write it: by spec, mount, file system or device
    base::MountEntry mount;
};

/// Only what is mounted at the very path of the container's root says that it is a device: neither
/// a directory of a file system nor the source of a bind does.
/// @param why_not why a root that is one is to be shared all the same.
[[nodiscard]] std::optional<RootDisk> find_root_disk(const oci::Bundle& bundle,
                                                     std::string& why_not,
                                                     const HostView& host = {});

/// Makes it the plan's root.
void add_root_disk(DiskPlan& plan, const RootDisk& root, DiskDriver driver);

}  // namespace kata::sandbox
