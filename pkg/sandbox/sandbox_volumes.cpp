#include "pkg/sandbox/sandbox_volumes.h"

#include "pkg/base/error.h"
#include "pkg/sandbox/disk_source.h"
#include "pkg/sandbox/guest_volumes.h"
#include "pkg/sandbox/iommu_group.h"
#include "pkg/sandbox/request_deadline.h"
#include "pkg/sandbox/sandbox_vm.h"

namespace kata::sandbox {
namespace {

// Any container of the sandbox would do: what counts is its directory.
ContainerPlace place_of(const RuntimeConfig& config, const std::string& sandbox_id) {
    const auto directory = config.state_dir / sandbox_id;
    return {
        oci::ContainerId(sandbox_id), sandbox_id, directory, directory / "containers" / sandbox_id};
}

SandboxRecord record_of(const ContainerPlace& place) {
    try {
        return StateStore::load_sandbox(place);
    } catch (const base::Error& error) {
        if (error.code() != base::ErrorCode::not_found) {
            throw;
        }
    }
    // Kata Containers' own runtime keeps other files there.
    throw base::Error(base::ErrorCode::unsupported,
                      "sandbox \"" + base::printable(place.sandbox_id) +
                          "\" is not one of kata-runtime; ask the runtime that has made it");
}

std::string serial_of_volume(const DirectVolume& volume) {
    const auto& device = volume.info.device;
    switch (settings_of(volume.info).kind) {
        case VolumeKind::disk:
            return serial_of(disk_source(device));
        case VolumeKind::vhost_user:
            return serial_of(socket_source(device));
        case VolumeKind::vfio:
            return host_device_name(iommu_place_of(device).address);
    }
    return {};
}

std::string guest_path_of(const DirectVolume& volume) {
    return std::string(kGuestStorageDir) + "/" + serial_of_volume(volume);
}

}  // namespace

VolumeStats SandboxVolumes::stats(const std::string& sandbox_id, const DirectVolume& volume) {
    const auto deadline = request_deadline(config_);
    const ContainerPlace place = place_of(config_, sandbox_id);
    static_cast<void>(record_of(place));
    const GuestVolumeUsage usage =
        connect_agent(vm_, place, deadline)->volume_usage(guest_path_of(volume), deadline);
    VolumeStats stats;
    stats.usage.push_back(
        {VolumeUsage::Unit::bytes, usage.available_bytes, usage.total_bytes, usage.used_bytes});
    stats.usage.push_back(
        {VolumeUsage::Unit::inodes, usage.available_inodes, usage.total_inodes, usage.used_inodes});
    return stats;
}

void SandboxVolumes::grow(const std::string& sandbox_id,
                          const DirectVolume& volume,
                          std::uint64_t size) {
    const auto deadline = request_deadline(config_);
    const ContainerPlace place = place_of(config_, sandbox_id);
    const std::string uuid = record_of(place).vm_uuid;
    vm_.hypervisor().resize_disk(uuid, serial_of_volume(volume), size, deadline);
    connect_agent(vm_, place, deadline)->grow_volume(guest_path_of(volume), size, deadline);
}

}  // namespace kata::sandbox
