// GuestVolumes: disks as the guest uses them, and the part of the Agent port for what is on them.
// Passive data; which disks a container has is disk_plan.h's business.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/deadline.h"
#include "pkg/sandbox/vm_disk.h"

namespace kata::sandbox {

/// Below this the guest mounts the file systems of disks, each at the disk's serial.
inline constexpr const char* kGuestStorageDir = "/run/kata-containers/sandbox/storage";

enum class GroupChangePolicy { always, on_root_mismatch };

/// A disk whose file system the guest mounts.
struct GuestDiskStorage {
    std::string serial;    // of a disk on hardware that the guest drives: the VmHostDevice's name
    std::string pci_path;  // empty: the guest finds the disk by its serial
    DiskDriver driver = DiskDriver::virtio_blk;
    bool is_hardware = false;  // the driver is whichever takes the device at pci_path
    std::string fs_type;
    std::vector<std::string> options;
    std::string mount_point;
    std::optional<gid_t> group;  // whom its files shall belong to
    GroupChangePolicy group_change = GroupChangePolicy::always;
    bool operator==(const GuestDiskStorage&) const = default;
};

/// A disk that is a device node of the container, one of its spec's linux.devices.
struct GuestDiskNode {
    std::string serial;
    std::string pci_path;  // as above
    DiskDriver driver = DiskDriver::virtio_blk;
    std::string container_path;
    std::string access;  // some of "rwm"
    bool operator==(const GuestDiskNode&) const = default;
};

/// Hardware of the host that the guest drives: the container has all nodes that its drivers make.
struct GuestHostDevice {
    std::string name;      // of the VmHostDevice
    std::string pci_path;  // where the guest finds it; empty: not known yet
    std::string group;     // devices that were asked for together: one with a driver is enough
    std::string access;    // some of "rwm"
    bool operator==(const GuestHostDevice&) const = default;
};

struct GuestDisks {
    std::vector<GuestDiskNode> nodes;
    std::vector<GuestDiskStorage> storages;
    std::vector<GuestHostDevice> host_devices;
};

struct GuestVolumeUsage {
    std::uint64_t total_bytes = 0;
    std::uint64_t available_bytes = 0;
    std::uint64_t used_bytes = 0;
    std::uint64_t total_inodes = 0;
    std::uint64_t available_inodes = 0;
    std::uint64_t used_inodes = 0;
};

/// Errors and deadlines as in agent.h.
class GuestVolumes {
  public:
    GuestVolumes() = default;
    GuestVolumes(const GuestVolumes&) = delete;
    GuestVolumes& operator=(const GuestVolumes&) = delete;
    GuestVolumes(GuestVolumes&&) = delete;
    GuestVolumes& operator=(GuestVolumes&&) = delete;
    virtual ~GuestVolumes() = default;

    [[nodiscard]] virtual GuestVolumeUsage volume_usage(const std::string& mount_point,
                                                        base::Deadline deadline) = 0;

    /// Waits until the guest sees `bytes` of the disk, and grows its file system over them.
    /// @param mount_point or the serial of a disk without one.
    virtual void grow_volume(const std::string& mount_point,
                             std::uint64_t bytes,
                             base::Deadline deadline) = 0;
};

}  // namespace kata::sandbox
