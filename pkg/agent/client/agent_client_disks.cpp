#include "pkg/agent/client/agent_client.h"
#include "pkg/agent/client/disk_messages.h"
#include "pkg/agent/client/guest_replies.h"
#include "pkg/agent/client/unary_call.h"

namespace kata::agent {
namespace {

using Stub = v1::AgentService::Stub;

void add_storage(v1::CreateContainerRequest& request, const sandbox::GuestDiskStorage& storage) {
    v1::Storage* added = request.add_storages();
    added->set_driver(storage.is_hardware ? "hardware" : driver_word(storage.driver));
    added->set_source(storage.serial);
    added->set_pci_path(storage.pci_path);
    added->set_fs_type(storage.fs_type);
    added->set_mount_point(storage.mount_point);
    for (const std::string& option : storage.options) {
        added->add_options(option);
    }
    if (storage.group) {
        v1::FSGroup* group = added->mutable_fs_group();
        group->set_group_id(*storage.group);
        group->set_group_change_policy(storage.group_change == sandbox::GroupChangePolicy::always
                                           ? v1::Always
                                           : v1::OnRootMismatch);
    }
}

}  // namespace

const char* driver_word(sandbox::DiskDriver driver) {
    return driver == sandbox::DiskDriver::virtio_blk ? "blk" : "scsi";
}

void add_disks(v1::CreateContainerRequest& request, const sandbox::GuestDisks& disks) {
    for (const sandbox::GuestDiskNode& node : disks.nodes) {
        v1::Device* added = request.add_devices();
        added->set_id(node.serial);
        added->set_pci_path(node.pci_path);
        added->set_type(driver_word(node.driver));
        added->set_container_path(node.container_path);
        added->add_options(node.access);
    }
    for (const sandbox::GuestDiskStorage& storage : disks.storages) {
        add_storage(request, storage);
    }
    for (const sandbox::GuestHostDevice& device : disks.host_devices) {
        v1::HostDevice* added = request.add_host_devices();
        added->set_pci_path(device.pci_path);
        added->set_group(device.group);
        added->set_access(device.access);
    }
}

sandbox::GuestVolumeUsage AgentClient::volume_usage(const std::string& mount_point,
                                                    base::Deadline deadline) {
    v1::VolumeStatsRequest request;
    request.set_volume_guest_path(mount_point);
    return usage_of(unary_call<v1::VolumeStatsRequest, v1::VolumeStatsResponse>(
        *stub_,
        &Stub::PrepareAsyncGetVolumeStats,
        request,
        deadline,
        quoted("ask how full the volume is at", mount_point)));
}

void AgentClient::grow_volume(const std::string& mount_point,
                              std::uint64_t bytes,
                              base::Deadline deadline) {
    v1::ResizeVolumeRequest request;
    request.set_volume_guest_path(mount_point);
    request.set_size(bytes);
    unary_call<v1::ResizeVolumeRequest, v1::ResizeVolumeResponse>(
        *stub_,
        &Stub::PrepareAsyncResizeVolume,
        request,
        deadline,
        quoted("grow the volume at", mount_point));
}

}  // namespace kata::agent
