#include "pkg/sandbox/disk_plan.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/quoted.h"
#include "pkg/sandbox/devices.h"
#include "pkg/sandbox/mount_plan.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;
using base::quoted;

// What a mount's options say to the runtime or about the bind, not to the file system.
constexpr const char* kOwnOptions = "io.katacontainers.";
constexpr std::array kBindOptions{
    "bind", "rbind", "private", "rprivate", "slave", "rslave", "shared", "rshared", "rro", "rw"};

bool is_for_file_system(const std::string& option) {
    return !option.starts_with(kOwnOptions) &&
           std::find(kBindOptions.begin(), kBindOptions.end(), option) == kBindOptions.end();
}

std::vector<std::string> file_system_options(const std::vector<std::string>& options) {
    std::vector<std::string> kept;
    std::copy_if(options.begin(), options.end(), std::back_inserter(kept), is_for_file_system);
    return kept;
}

// The host's kernel does not expect the content of what it uses to change; a guest that only reads
// destroys nothing, and may see a state that never was.
void look_at_use(DiskPlan& plan, const DiskSource& source, bool read_only, const HostView& host) {
    const VolumeDevice device =
        examine_number(source.path, makedev(source.major, source.minor), host);
    if (!read_only && !source.read_only) {
        try {
            require_unused_by_host(device, host);
        } catch (const Error& error) {
            throw Error(error.code(),
                        std::string(error.what()) + "; give it with the access \"r\", or free it");
        }
    } else if (const auto use = host_use(device, host)) {
        plan.warnings.push_back("device " + quoted(source.path) + " changes under the guest: on " +
                                "this host it " + *use);
    }
}

void plan_node(DiskPlan& plan,
               const oci::Spec& spec,
               const oci::Device& device,
               DiskDriver driver,
               const HostView& host) {
    const auto source = find_device(device.path, device.major, device.minor, host);
    if (!source) {
        return;  // runc would make a node that opens nothing
    }
    const std::string access = explicit_access(spec, device);
    const bool read_only = access.find('w') == std::string::npos;
    look_at_use(plan, *source, read_only, host);
    add_node(plan, *source, device, driver, access);
}

bool is_file_disk(const oci::Mount& mount) {
    return std::find(mount.options.begin(), mount.options.end(), kBlockDeviceOption) !=
           mount.options.end();
}

VolumeOnDisk volume_of_file(const oci::Mount& mount) {
    if (mount.type.empty() || mount.type == "bind") {
        throw Error(ErrorCode::invalid_argument,
                    std::string("the option ") + kBlockDeviceOption +
                        " needs the file system's type as the mount's type");
    }
    VolumeOnDisk volume;
    volume.device = mount.source;
    volume.fs_type = mount.type;
    volume.options = mount.options;
    return volume;
}

void plan_storage(DiskPlan& plan,
                  const VolumeOnDisk& volume,
                  const oci::Mount& mount,
                  std::size_t index,
                  GuestDiskStorage storage) {
    storage.fs_type = volume.fs_type;
    storage.options = file_system_options(volume.options);
    storage.group = volume.group;
    storage.group_change = volume.group_change;
    DiskMount bind{storage.mount_point, {"rbind", is_read_only(mount) ? "ro" : "rw"}};
    plan.mounts.emplace(index, std::move(bind));
    plan.guest.storages.push_back(std::move(storage));
}

GuestDiskStorage storage_named(const std::string& serial) {
    GuestDiskStorage storage;
    storage.serial = serial;
    storage.mount_point = std::string(kGuestStorageDir) + "/" + serial;
    return storage;
}

bool has_ro(const std::vector<std::string>& options) {
    return std::find(options.begin(), options.end(), "ro") != options.end();
}

void plan_mount(DiskPlan& plan,
                const VolumeOnDisk& volume,
                const oci::Mount& mount,
                std::size_t index,
                DiskDriver driver,
                const HostView& host) {
    DiskSource source =
        volume.is_served ? socket_source(volume.device) : disk_source(volume.device, host);
    if (!source.is_socket) {
        require_unused_by_host(examine_device(volume.device, host), host);
    }
    const bool read_only = has_ro(volume.options) || source.read_only;
    PlannedDisk& disk = add_disk(plan, std::move(source), read_only);
    disk.volume = volume.volume;
    disk.claim = volume.claim;
    // A file system that is only read cannot grow; the next one who may write lets it.
    disk.pending_size = read_only ? 0 : volume.pending_size;
    if (volume.make_file_system && !disk.read_only) {
        disk.make_fs_type = volume.fs_type;
    }
    plan_storage(plan, volume, mount, index, storage_on(disk, driver));
    if (disk.read_only && !has_ro(plan.guest.storages.back().options)) {
        plan.guest.storages.back().options.emplace_back("ro");
    }
}

void plan_hardware(DiskPlan& plan,
                   const VolumeOnDisk& volume,
                   const oci::Mount& mount,
                   std::size_t index) {
    GuestDiskStorage storage = storage_named(host_device_name(volume.hardware->address));
    storage.is_hardware = true;
    plan_storage(plan, volume, mount, index, std::move(storage));
    plan.hardware.push_back({volume.hardware->group, volume.volume, volume.claim});
}

}  // namespace

PlannedDisk& add_disk(DiskPlan& plan, DiskSource source, bool read_only) {
    PlannedDisk disk;
    disk.serial = serial_of(source);
    disk.read_only = read_only || source.read_only;
    disk.source = std::move(source);
    const auto found =
        std::find_if(plan.disks.begin(), plan.disks.end(), [&](const PlannedDisk& other) {
            return other.serial == disk.serial;
        });
    if (found == plan.disks.end()) {
        plan.disks.push_back(std::move(disk));
        return plan.disks.back();
    }
    found->read_only &= disk.read_only;
    return *found;
}

PlannedDisk& add_node(DiskPlan& plan,
                      DiskSource source,
                      const oci::Device& device,
                      DiskDriver driver,
                      const std::string& access) {
    const bool read_only = access.find('w') == std::string::npos;
    PlannedDisk& disk = add_disk(plan, std::move(source), read_only);
    GuestDiskNode node;
    node.serial = disk.serial;
    node.driver = driver;
    node.container_path = device.path;
    node.access = access;
    plan.guest.nodes.push_back(std::move(node));
    return disk;
}

std::vector<std::string> disks_without_serial(const DiskPlan& plan) {
    std::vector<std::string> serials;
    for (const GuestDiskStorage& storage : plan.guest.storages) {
        if (storage.is_hardware) {
            serials.push_back(storage.serial);
        }
    }
    for (const PlannedDisk& disk : plan.disks) {
        if (disk.source.is_socket) {
            serials.push_back(disk.serial);
        }
    }
    return serials;
}

void locate(GuestDisks& guest,
            const std::vector<std::string>& names,
            const std::vector<std::string>& pci_paths) {
    std::map<std::string, std::string> paths;
    for (std::size_t index = 0; index < names.size(); ++index) {
        paths.emplace(names[index], pci_paths.at(index));
    }
    const auto find = [&](const std::string& name, std::string& path) {
        if (const auto found = paths.find(name); found != paths.end()) {
            path = found->second;
        }
    };
    for (GuestDiskNode& node : guest.nodes) {
        find(node.serial, node.pci_path);
    }
    for (GuestDiskStorage& storage : guest.storages) {
        find(storage.serial, storage.pci_path);
    }
    for (GuestHostDevice& device : guest.host_devices) {
        find(device.name, device.pci_path);
    }
}

GuestDiskStorage storage_on(const PlannedDisk& disk, DiskDriver driver) {
    GuestDiskStorage storage = storage_named(disk.serial);
    storage.driver = disk.source.is_socket ? DiskDriver::virtio_blk : driver;
    return storage;
}

bool is_wanted_disk(const oci::Spec& spec, const oci::Device& device) {
    return device.type == "b" && !explicit_access(spec, device).empty();
}

DiskPlan plan_disks(const oci::Spec& spec,
                    DiskDriver driver,
                    const FindVolume& find_volume,
                    const HostView& host) {
    DiskPlan plan;
    for (std::size_t index = 0; index < spec.mounts.size(); ++index) {
        const oci::Mount& mount = spec.mounts[index];
        try {
            auto volume = is_file_disk(mount) ? volume_of_file(mount) : find_volume(mount);
            if (volume && volume->hardware) {
                plan_hardware(plan, *volume, mount, index);
            } else if (volume) {
                plan_mount(plan, *volume, mount, index, driver, host);
            }
        } catch (const Error& error) {
            throw error.with_context("mount " + quoted(mount.destination));
        }
    }
    if (spec.linux_) {
        for (const oci::Device& device : spec.linux_->devices) {
            if (is_wanted_disk(spec, device)) {
                plan_node(plan, spec, device, driver, host);
            }
        }
    }
    return plan;
}

}  // namespace kata::sandbox
