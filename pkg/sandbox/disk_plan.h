// DiskPlan: which disks a container has, found in its spec. Only what says that it is a disk
// becomes one:
//
//   linux.devices      block nodes that a rule of linux.resources.devices allows by their very
//                      numbers, as engines write for --device. A privileged container has hundreds
//                      of the host's nodes and one rule for them all: none of these is meant.
//   mounts             with the option io.katacontainers.fs-opt.block_device=file: their source, a
//                      file or device, holds a file system of the mount's type
//   direct volumes     entries of `kata-runtime direct-volume add` (VolumeOnDisk)
//
// A bind mount of a device node stays a file. Data, made by looking at the host once.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pkg/oci/spec.h"
#include "pkg/sandbox/disk_source.h"
#include "pkg/sandbox/guest_volumes.h"
#include "pkg/sandbox/iommu_group.h"

namespace kata::sandbox {

inline constexpr const char* kBlockDeviceOption = "io.katacontainers.fs-opt.block_device=file";

struct PlannedDisk {
    DiskSource source;
    std::string serial;
    bool read_only = false;
    std::string volume;              // the direct volume it is; empty: none
    std::filesystem::path claim;     // the file that says who has that volume
    std::uint64_t pending_size = 0;  // what its file system is to grow to; 0: nothing to do
    std::string make_fs_type;        // of the file system to make if it is empty; empty: none
};

/// A mount that is the file system of a disk.
struct DiskMount {
    std::string guest_source;          // where the guest has it
    std::vector<std::string> options;  // of the bind from there into the container
};

/// A direct volume on hardware of the host that the guest drives (VFIO): no disk of ours.
struct HardwareVolume {
    unsigned iommu_group = 0;
    std::string volume;  // as in PlannedDisk
    std::filesystem::path claim;
};

struct DiskPlan {
    std::vector<PlannedDisk> disks;  // each once
    std::vector<HardwareVolume> hardware;
    GuestDisks guest;
    std::string root;  // where the guest mounts the container's root; empty: it is shared
    std::map<std::size_t, DiskMount> mounts;  // by the index in spec.mounts
    std::vector<std::string> warnings;
};

/// What a direct volume says of itself.
struct VolumeOnDisk {
    std::filesystem::path device;
    bool is_served = false;              // device is the socket of a process that serves it
    std::optional<IommuPlace> hardware;  // it is that device, which the guest drives
    std::string fs_type;
    std::vector<std::string> options;
    std::optional<gid_t> group;
    GroupChangePolicy group_change = GroupChangePolicy::always;
    std::string volume;  // as in PlannedDisk, with the next two
    std::filesystem::path claim{};
    std::uint64_t pending_size = 0;
    bool make_file_system = false;  // if the device is empty and may be written
};
/// The volume assigned to a mount; nullopt: it is an ordinary one.
using FindVolume = std::function<std::optional<VolumeOnDisk>(const oci::Mount& mount)>;

/// @param driver by which the guest shall see them.
/// @throws base::Error naming mount or device, for a disk that cannot be one; invalid_state for one
/// that the guest could write while the host uses it.
[[nodiscard]] DiskPlan plan_disks(const oci::Spec& spec,
                                  DiskDriver driver,
                                  const FindVolume& find_volume,
                                  const HostView& host = {});

/// Adds the disk to a plan, or a second use of it: writable if any use is.
PlannedDisk& add_disk(DiskPlan& plan, DiskSource source, bool read_only);

/// A file system of a disk, which the guest mounts at a place of the disk's own.
[[nodiscard]] GuestDiskStorage storage_on(const PlannedDisk& disk, DiskDriver driver);

/// Adds a node of the spec that is a disk. @param access that the container has to it.
PlannedDisk& add_node(DiskPlan& plan,
                      DiskSource source,
                      const oci::Device& device,
                      DiskDriver driver,
                      const std::string& access);

/// The serials of disks that have another one in the guest, or none: served ones and hardware.
[[nodiscard]] std::vector<std::string> disks_without_serial(const DiskPlan& plan);

/// Tells the guest where it finds these disks and devices.
/// @param names serials and names. @param pci_paths in their order.
void locate(GuestDisks& guest,
            const std::vector<std::string>& names,
            const std::vector<std::string>& pci_paths);

/// Whether the spec asks for this block device by its numbers.
[[nodiscard]] bool is_wanted_disk(const oci::Spec& spec, const oci::Device& device);

}  // namespace kata::sandbox
