#include "pkg/agent/guest/disk_storage.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/agent/guest/storage.h"
#include "pkg/agent/guest/use_modules.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;

// A file system that a container has just left is let go of within milliseconds.
constexpr std::chrono::seconds kLetGo{5};

void mount_disk(const DiskStorage& storage, const BlockDevice& device) {
    load_modules_for(storage.fs_type, kDiskModules);
    const MountOptions options = parse_mount_options(storage.options);
    base::make_directories(storage.mount_point, 0755);
    if (::mount(device.path().c_str(),
                storage.mount_point.c_str(),
                storage.fs_type.c_str(),
                options.flags,
                options.data.c_str()) != 0) {
        const int failure = errno;
        ::rmdir(storage.mount_point.c_str());
        throw base::errno_error("mount the disk as " + base::printable(storage.fs_type, 64) + " on",
                                base::printable(storage.mount_point, 256),
                                failure);
    }
}

// Also what an unmount in another namespace would leave to later.
void write_back(const std::string& path, int flags) {
    const base::UniqueFd fd = base::open_file(path, flags);
    const int result = (flags & O_DIRECTORY) != 0 ? ::syncfs(fd.get()) : ::fsync(fd.get());
    if (result != 0) {
        throw base::errno_error("write back", path, errno);
    }
}

void unmount(const std::string& mount_point) {
    write_back(mount_point, O_RDONLY | O_DIRECTORY);
    if (::umount2(mount_point.c_str(), UMOUNT_NOFOLLOW) != 0 &&
        (errno != EBUSY || ::umount2(mount_point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)) {
        throw base::errno_error("unmount", mount_point, errno);
    }
    ::rmdir(mount_point.c_str());
}

BlockDevice await_disk(const std::string& serial,
                       const std::string& pci_path,
                       base::Deadline deadline) {
    return pci_path.empty() ? await_block_device(serial, deadline)
                            : await_pci_block_device(pci_path, deadline);
}

bool is_read_only(const std::vector<std::string>& options) {
    return (parse_mount_options(options).flags & MS_RDONLY) != 0;
}

void require_same(const DiskStorage& mounted, const DiskStorage& wanted) {
    if (mounted.serial != wanted.serial || mounted.fs_type != wanted.fs_type ||
        is_read_only(mounted.options) != is_read_only(wanted.options)) {
        throw Error(ErrorCode::invalid_argument,
                    "another container has \"" + base::printable(wanted.mount_point, 256) +
                        "\" mounted in another way");
    }
}

}  // namespace

void DiskStorages::attach(const std::string& container_id,
                          const DiskStorage& storage,
                          base::Deadline deadline) {
    const std::lock_guard lock(mutex_);
    if (const auto found = disks_.find(storage.mount_point); found != disks_.end()) {
        require_same(found->second.storage.value_or(DiskStorage{}), storage);
        found->second.users.insert(container_id);
        return;
    }
    load_modules_for(storage.driver, kDiskModules);
    const BlockDevice device = await_disk(storage.serial, storage.pci_path, deadline);
    mount_disk(storage, device);
    disks_[storage.mount_point] = {device, storage, {container_id}};
    if (storage.group && !is_read_only(storage.options)) {
        give_to_group(storage.mount_point, *storage.group, storage.group_change);
    }
}

BlockDevice DiskStorages::attach_raw(const std::string& container_id,
                                     const RawDisk& disk,
                                     base::Deadline deadline) {
    const std::lock_guard lock(mutex_);
    load_modules_for(disk.driver, kDiskModules);
    BlockDevice device = await_disk(disk.serial, disk.pci_path, deadline);
    Disk& known = disks_[disk.serial];
    known.device = device;
    known.users.insert(container_id);
    return device;
}

void DiskStorages::release(const std::string& key, const Disk& disk) noexcept {
    try {
        if (disk.storage) {
            unmount(key);
            if (!await_unused(disk.device, base::Deadline::after(kLetGo))) {
                log_error("the disk behind " + key + " is still in use");
            }
        } else {
            write_back(disk.device.path(), O_RDONLY);
        }
    } catch (const std::exception& error) {
        log_error(error.what());
    }
}

void DiskStorages::detach(const std::string& container_id) noexcept {
    const std::lock_guard lock(mutex_);
    for (auto entry = disks_.begin(); entry != disks_.end();) {
        const auto current = entry++;
        Disk& disk = current->second;
        if (disk.users.erase(container_id) > 0 && disk.users.empty()) {
            release(current->first, disk);
            disks_.erase(current);
        }
    }
}

void DiskStorages::unmount_all() noexcept {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, disk] : disks_) {
        release(key, disk);
    }
    disks_.clear();
}

void DiskStorages::grow(const std::string& mount_point,
                        std::uint64_t bytes,
                        base::Deadline deadline) {
    const std::lock_guard lock(mutex_);
    const auto found = disks_.find(mount_point);
    if (found == disks_.end()) {
        throw Error(
            ErrorCode::not_found,
            "no disk is mounted on \"" + base::printable(mount_point, 256) + "\" in the guest");
    }
    await_size(found->second.device, bytes, deadline);
    if (found->second.storage) {
        grow_file_system(mount_point, found->second.device);
    }
}

}  // namespace kata::agent::guest
