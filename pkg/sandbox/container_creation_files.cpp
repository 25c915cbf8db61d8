// ContainerCreation: the container's files reach the guest, live or as copies, and its shim.
#include <string>

#include "pkg/sandbox/container_creation.h"
#include "pkg/sandbox/file_copy.h"
#include "pkg/sandbox/request_deadline.h"
#include "pkg/sandbox/sandbox_bind_mounts.h"

namespace kata::sandbox {

void ContainerCreation::share_files() {
    guest_root_ = disks_.root.empty() ? std::string(kGuestShareDir) + "/" + record_.id + "/rootfs"
                                      : disks_.root;
    if (config_.shared_fs != SharedFs::none) {
        share_live_files();
    }
    ShimMountRequest mounts = shim_mounts(bundle_, mounts_);
    mounts.empty_root = !disks_.root.empty();
    mounts.read_only_root |= mounts.empty_root;
    shim_->request(mounts, base::Deadline::after(kShimAnswer));
}

void ContainerCreation::share_live_files() {
    if (!joins_pod_) {
        share_.create(sandbox_journal_);
        share_sandbox_bind_mounts(config_.sandbox_bind_mounts, share_, sandbox_journal_);
    }
    share_.add_container(journal_, record_.id);
    if (disks_.root.empty()) {
        make_mount_points();
        static_cast<void>(share_.bind(journal_,
                                      {.path = bundle_.rootfs,
                                       .recursive = true,
                                       .read_only = oci::has_read_only_root(bundle_)},
                                      record_.id + "/rootfs"));
    }
    for (const PlannedMount& planned : mounts_.mounts) {
        if (planned.kind == PlannedMount::Kind::shared) {
            static_cast<void>(share_.bind(journal_, planned.source, planned.share_path));
        }
    }
}

void ContainerCreation::copy_files() {
    FileCopy copy(*agent_, request_timeout(config_));
    if (disks_.root.empty()) {
        copy.add(bundle_.rootfs, record_.id + "/rootfs");
    }
    for (const PlannedMount& planned : mounts_.mounts) {
        if (planned.kind == PlannedMount::Kind::shared) {
            copy.add(planned.source.path, planned.share_path);
        }
    }
    copy.finish();
    if (copy.left_out() > 0) {
        log_.warning(std::to_string(copy.left_out()) +
                     " devices, sockets or FIFOs were left out of the files copied into the VM");
    }
}

}  // namespace kata::sandbox
