// AgentService: containers with disks, and the volumes on them.
#include "pkg/agent/guest/cdi_edits.h"
#include "pkg/agent/guest/disk_nodes.h"
#include "pkg/agent/guest/file_system.h"
#include "pkg/agent/guest/grpc_status.h"
#include "pkg/agent/guest/host_devices.h"
#include "pkg/agent/guest/service.h"
#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

constexpr std::chrono::seconds kGrow{60};

DiskStorage storage_of(const v1::Storage& message) {
    DiskStorage storage;
    storage.driver = message.driver();
    storage.serial = message.source();
    storage.pci_path = message.pci_path();
    storage.fs_type = message.fs_type();
    storage.options = {message.options().begin(), message.options().end()};
    storage.mount_point = message.mount_point();
    if (message.has_fs_group()) {
        storage.group = message.fs_group().group_id();
        storage.group_change = message.fs_group().group_change_policy() == v1::OnRootMismatch
                                   ? GroupChange::on_root_mismatch
                                   : GroupChange::always;
    }
    return storage;
}

std::vector<HostDevice> host_devices_of(const v1::CreateContainerRequest& request) {
    std::vector<HostDevice> devices;
    for (const v1::HostDevice& device : request.host_devices()) {
        devices.push_back({device.pci_path(), device.group(), device.access()});
    }
    return devices;
}

std::string access_of(const v1::Device& device) {
    return device.options().empty() ? "rwm" : device.options(0);
}

void add_usage(v1::VolumeStatsResponse& response,
               v1::VolumeUsage::Unit unit,
               std::uint64_t total,
               std::uint64_t free) {
    v1::VolumeUsage* usage = response.add_usage();
    usage->set_unit(unit);
    usage->set_total(total);
    usage->set_available(free);
    usage->set_used(total - free);
}

}  // namespace

void AgentService::create_container(const v1::CreateContainerRequest& request,
                                    base::Deadline deadline) {
    const std::string& id = request.container_id();
    DiskStorages& disks = storages_.disks();
    try {
        std::vector<DiskNode> nodes;
        for (const v1::Device& device : request.devices()) {
            nodes.push_back(
                {device.container_path(),
                 access_of(device),
                 disks.attach_raw(id, {device.type(), device.id(), device.pci_path()}, deadline)});
        }
        for (const v1::Storage& storage : request.storages()) {
            disks.attach(id, storage_of(storage), deadline);
        }
        const std::string spec =
            with_nodes(with_disk_nodes(request.spec_json(), nodes),
                       nodes_of_host_devices(host_devices_of(request), deadline));
        containers_.create(id, hooks_.added_to(with_cdi(spec)), deadline);
    } catch (const base::Error& error) {
        // Those of a container that exists already are not the ones asked for here.
        if (error.code() != base::ErrorCode::already_exists) {
            disks.detach(id);
        }
        throw;
    }
}

grpc::ServerUnaryReactor* AgentService::GetVolumeStats(Context* context,
                                                       const v1::VolumeStatsRequest* request,
                                                       v1::VolumeStatsResponse* response) {
    return run(context, [request, response] {
        const FileSystemUsage usage = usage_of(request->volume_guest_path());
        add_usage(*response, v1::VolumeUsage::BYTES, usage.total_bytes, usage.free_bytes);
        add_usage(*response, v1::VolumeUsage::INODES, usage.total_inodes, usage.free_inodes);
    });
}

grpc::ServerUnaryReactor* AgentService::ResizeVolume(Context* context,
                                                     const v1::ResizeVolumeRequest* request,
                                                     v1::ResizeVolumeResponse*) {
    return run(context, [this, context, request] {
        storages_.disks().grow(
            request->volume_guest_path(), request->size(), deadline_of(*context, kGrow));
    });
}

}  // namespace kata::agent::guest
