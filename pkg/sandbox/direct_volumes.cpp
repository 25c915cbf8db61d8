#include "pkg/sandbox/direct_volumes.h"

#include <chrono>

#include "pkg/base/error.h"
#include "pkg/sandbox/disk_source.h"
#include "pkg/sandbox/sandbox_vm.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;

std::string quoted(const std::string& text) {
    return "\"" + base::printable(text, 256) + "\"";
}

ContainerPlace place_of(const RuntimeConfig& config, const std::string& sandbox_id) {
    const auto directory = config.state_dir / sandbox_id;
    return {
        oci::ContainerId(sandbox_id), sandbox_id, directory, directory / "containers" / sandbox_id};
}

std::string serial_of_volume(const DirectVolume& volume) {
    return serial_of(disk_source(volume.info.device));
}

std::string guest_path_of(const DirectVolume& volume) {
    return std::string(kGuestStorageDir) + "/" + serial_of_volume(volume);
}

void require_usable(const DirectVolume& volume, const VolumeSettings& settings) {
    const std::string what = "direct volume " + quoted(volume.path) + ": ";
    if (settings.kind != VolumeKind::disk) {
        throw Error(ErrorCode::unsupported,
                    what + "its volume type " + quoted(volume.info.volume_type) +
                        " is not served by this version; block devices and files are");
    }
    if (volume.info.fstype.empty()) {
        throw Error(ErrorCode::invalid_argument,
                    what + "its mount-info has no fstype; add it again with one");
    }
    if (settings.create_filesystem) {
        throw Error(ErrorCode::unsupported,
                    what +
                        "file systems are not created in the guest; make it on the host and "
                        "leave createFilesystem out");
    }
}

}  // namespace

DirectVolumeStore volume_store(const RuntimeConfig& config) {
    return {config.direct_volume_dir, config.state_dir};
}

std::optional<VolumeOnDisk> volume_of(const DirectVolumeStore& store,
                                      const oci::Mount& mount,
                                      const std::string& sandbox_id) {
    const auto found = store.find(mount.source);
    if (!found) {
        return std::nullopt;
    }
    const VolumeSettings settings = settings_of(found->info);
    require_usable(*found, settings);
    VolumeOnDisk volume;
    volume.device = found->info.device;
    volume.fs_type = found->info.fstype;
    volume.options = found->info.options;
    volume.group = settings.fs_group;
    volume.group_change = settings.only_on_root_mismatch ? GroupChangePolicy::on_root_mismatch
                                                         : GroupChangePolicy::always;
    volume.volume = found->path;
    volume.claim = found->directory / sandbox_id;
    volume.pending_size = found->info.pending_size;
    return volume;
}

VolumeStats SandboxVolumeVm::stats(const std::string& sandbox_id, const DirectVolume& volume) {
    const auto deadline = base::Deadline::after(config_.request_timeout);
    const GuestVolumeUsage usage = connect_agent(vm_, place_of(config_, sandbox_id), deadline)
                                       ->volume_usage(guest_path_of(volume), deadline);
    VolumeStats stats;
    stats.usage = {
        {VolumeUsage::Unit::bytes, usage.available_bytes, usage.total_bytes, usage.used_bytes},
        {VolumeUsage::Unit::inodes, usage.available_inodes, usage.total_inodes, usage.used_inodes}};
    return stats;
}

void SandboxVolumeVm::grow(const std::string& sandbox_id,
                           const DirectVolume& volume,
                           std::uint64_t size) {
    const auto deadline = base::Deadline::after(config_.request_timeout);
    const ContainerPlace place = place_of(config_, sandbox_id);
    const SandboxRecord record = StateStore::load_sandbox(place);
    vm_.hypervisor().resize_disk(record.vm_uuid, serial_of_volume(volume), size, deadline);
    connect_agent(vm_, place, deadline)->grow_volume(guest_path_of(volume), size, deadline);
}

}  // namespace kata::sandbox
