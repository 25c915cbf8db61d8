// VmDisk: a disk of the guest, as the port Hypervisor takes it. Passive data; which disks a sandbox
// has is disk_plan.h's business.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace kata::sandbox {

enum class DiskDriver {
    virtio_blk,   // a PCI device each
    virtio_scsi,  // all of them behind one controller
};

enum class DiskCache {
    automatic,  // the hypervisor's choice
    none,       // O_DIRECT
    writeback,
    unsafe,  // the guest's flushes are ignored
};

enum class DiskAio { io_uring, native, threads };

/// How the disks of a VM are served, the same for all.
struct DiskTuning {
    DiskDriver driver = DiskDriver::virtio_blk;
    DiskCache cache = DiskCache::automatic;
    DiskAio aio = DiskAio::threads;
    unsigned logical_sector_bytes = 0;  // 0: the hypervisor's choice
    unsigned physical_sector_bytes = 0;
    unsigned queues = 1;
    unsigned queue_size = 128;
    unsigned iothread = 0;  // number of the VM's thread that serves it, from 1; 0: the main loop
    bool operator==(const DiskTuning&) const = default;
};

/// The longest serial that a guest sees whole.
inline constexpr std::size_t kMaxDiskSerial = 20;

struct VmDisk {
    std::filesystem::path source;    // as QEMU's user can open it
    bool is_block_device = true;     // else a regular file, or a socket
    bool is_socket = false;          // of a process that serves the disk (vhost-user)
    unsigned reconnect_seconds = 0;  // between attempts to connect to it again; 0: none is made
    bool read_only = false;
    // Letters and digits; the guest finds the disk by it and by nothing else. One that a process
    // serves has its serial from there: this is then its name on the host, and the guest finds it
    // by its place (Hypervisor::pci_paths).
    std::string serial;
    DiskTuning tuning;
    bool operator==(const VmDisk&) const = default;
};

}  // namespace kata::sandbox
