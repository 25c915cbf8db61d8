// The XML of a disk, in a new domain and for one that runs, and of what disks need: the controller
// of SCSI disks, a root port for each PCI disk of a q35, threads. Pure functions, pinned by golden
// files. Everything has its address here, so that libvirt adds no bus of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <pugixml.hpp>

#include "pkg/libvirt-driver/pci_places.h"
#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

/// A VM starts with at most so many virtio-blk disks, or SCSI disks.
inline constexpr std::size_t kMaxColdBlkDisks = 24;
inline constexpr std::size_t kMaxScsiDisks = 255;

/// @throws Error invalid_argument for a source that is no absolute path, or a serial that a guest
/// would not see as it is.
void validate_disk(const sandbox::VmDisk& disk);

/// Adds <iothreads>, unless there are none.
void add_iothreads(pugi::xml_node domain, unsigned count);

/// Adds the disks that the VM starts with, and the SCSI controller if there are SCSI disks or will
/// be. @throws Error unsupported if there are too many.
void add_disks(pugi::xml_node devices,
               const sandbox::VmConfig& config,
               PciControllers& controllers);

/// The disk to plug into a VM that runs, with a name that is free there.
[[nodiscard]] std::string build_disk_xml(const sandbox::VmDisk& disk, const std::string& live_xml);

/// A disk in a running domain's XML.
struct LiveDisk {
    std::string target;   // libvirt's name for it; the guest may call it otherwise
    std::string element;  // the whole XML of it
};
[[nodiscard]] std::optional<LiveDisk> find_disk(const std::string& live_xml,
                                                const std::string& serial);

}  // namespace kata::libvirt_driver
