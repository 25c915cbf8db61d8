// DiskStorages: file systems on disks that the host plugs for containers. Containers of a pod that
// use the same disk share one mount; it lives from the creation of the first to the removal of the
// last. Thread-safe.
//
// What a container wrote is on the disk when detach() returns: the host may take the disk away or
// end the VM then.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pkg/agent/guest/block_device.h"
#include "pkg/agent/guest/file_system.h"
#include "pkg/base/deadline.h"

namespace kata::agent::guest {

struct DiskStorage {
    std::string driver;  // "blk", "scsi" or "hardware"
    std::string serial;
    std::string pci_path{};  // empty: it is found by its serial
    std::string fs_type;
    std::vector<std::string> options;
    std::string mount_point;
    std::optional<gid_t> group;
    GroupChange group_change = GroupChange::always;
};

/// A disk that a container uses as it is.
struct RawDisk {
    std::string driver;
    std::string serial;
    std::string pci_path{};  // as above
};

class DiskStorages {
  public:
    /// Waits for the disk and mounts it, unless another container had it done.
    /// @throws base::Error invalid_argument if that one mounted it with other options.
    void attach(const std::string& container_id,
                const DiskStorage& storage,
                base::Deadline deadline);

    /// Waits for a disk. Its content is written back when the container is detached.
    [[nodiscard]] BlockDevice attach_raw(const std::string& container_id,
                                         const RawDisk& disk,
                                         base::Deadline deadline);

    /// Unmounts what nobody but this container had, and writes everything back. An unknown
    /// container is fine; trouble is logged.
    void detach(const std::string& container_id) noexcept;
    void unmount_all() noexcept;

    /// @param mount_point of a storage, or the serial of a raw disk: waits until the disk has
    /// `bytes`, and lets its file system take them.
    void grow(const std::string& mount_point, std::uint64_t bytes, base::Deadline deadline);

  private:
    struct Disk {
        BlockDevice device;
        std::optional<DiskStorage> storage;  // none: used as it is
        std::set<std::string> users;
    };

    static void release(const std::string& key, const Disk& disk) noexcept;

    std::mutex mutex_;
    std::map<std::string, Disk> disks_;  // by mount point, or by serial
};

}  // namespace kata::agent::guest
