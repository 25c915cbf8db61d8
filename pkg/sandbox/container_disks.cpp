#include "pkg/sandbox/container_disks.h"

#include <chrono>
#include <optional>

#include "pkg/base/error.h"
#include "pkg/base/quoted.h"
#include "pkg/sandbox/vhost_user_store.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;
using base::quoted;

constexpr std::chrono::seconds kGrow{60};

void require_usable(const DirectVolume& volume, const VolumeSettings& settings) {
    const std::string what = "direct volume " + quoted(volume.path) + ": ";
    if (settings.kind != VolumeKind::disk && settings.create_filesystem) {
        throw Error(ErrorCode::unsupported,
                    what + "a file system can be made on block devices and files only, not for " +
                        quoted(volume.info.volume_type) +
                        "; make one where the disk is provided, and add the volume again without "
                        "createFilesystem");
    }
    if (volume.info.fstype.empty()) {
        throw Error(ErrorCode::invalid_argument,
                    what + "its mount-info has no fstype; add it again with one");
    }
}

std::optional<VolumeOnDisk> volume_of(const DirectVolumeStore& store,
                                      const oci::Mount& mount,
                                      const std::string& sandbox_id) {
    const auto found = mount.source.empty() ? std::nullopt : store.find(mount.source);
    if (!found) {
        return std::nullopt;
    }
    const VolumeSettings settings = settings_of(found->info);
    require_usable(*found, settings);
    VolumeOnDisk volume;
    volume.device = found->info.device;
    volume.is_served = settings.kind == VolumeKind::vhost_user;
    if (settings.kind == VolumeKind::vfio) {
        volume.hardware = iommu_place_of(found->info.device, store.host());
    }
    volume.fs_type = found->info.fstype;
    volume.options = found->info.options;
    volume.group = settings.fs_group;
    volume.group_change = settings.only_on_root_mismatch ? GroupChangePolicy::on_root_mismatch
                                                         : GroupChangePolicy::always;
    volume.volume = found->path;
    volume.claim = found->directory / sandbox_id;
    volume.pending_size = found->info.pending_size;
    volume.make_file_system = settings.create_filesystem;
    return volume;
}

}  // namespace

DirectVolumeStore volume_store(const RuntimeConfig& config) {
    return {kDirectVolumeRoot, config.state_dir};
}

DiskPlan plan_container_disks(const oci::Spec& spec,
                              const RuntimeConfig& config,
                              const DirectVolumeStore& store,
                              const std::string& sandbox_id) {
    const auto find = [&](const oci::Mount& mount) { return volume_of(store, mount, sandbox_id); };
    DiskPlan plan = plan_disks(spec, config.block_device_driver, find, store.host());
    if (config.machine.enable_vhost_user_store) {
        plan_store_disks(plan, spec, config.vhost_user_store);
    }
    if (!config.disable_block_device_use || plan.disks.empty()) {
        return plan;
    }
    if (!plan.mounts.empty()) {
        throw Error(ErrorCode::unsupported,
                    "cannot mount " + quoted(spec.mounts[plan.mounts.begin()->first].destination) +
                        ": it is on a disk, and disable_block_device_use in configuration.toml is "
                        "true");
    }
    return {};
}

void grow_pending_volumes(const RuntimeConfig& config, const DiskPlan& plan, Agent& agent) {
    for (const PlannedDisk& disk : plan.disks) {
        if (disk.pending_size == 0) {
            continue;
        }
        agent.grow_volume(std::string(kGuestStorageDir) + "/" + disk.serial,
                          disk.pending_size,
                          base::Deadline::after(kGrow));
        volume_store(config).update(disk.volume, [&](DirectVolume& volume) {
            if (volume.info.pending_size == disk.pending_size) {
                volume.info.pending_size = 0;
            }
        });
    }
}

}  // namespace kata::sandbox
