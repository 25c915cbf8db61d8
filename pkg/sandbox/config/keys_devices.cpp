// [hypervisor.qemu], second part: files, disks, network and other devices.
#include <algorithm>
#include <array>

#include "pkg/sandbox/config.h"
#include "pkg/sandbox/config/row.h"

namespace kata::sandbox {
namespace {

using Config = RuntimeConfig;
using Value = ConfigValue;

constexpr std::string_view kDiskRate = "not served by this version; use virsh blkdeviotune";
constexpr std::string_view kOtherRate = "use rx_rate_limiter_max_rate and tx_rate_limiter_max_rate";
constexpr std::string_view kPorts = "no-port bridge-port root-port switch-port";
constexpr std::string_view kOtherDrivers =
    "nvdimm=virtio-blk virtio-mmio=virtio-blk virtio-pmem=virtio-blk virtio-blk-pci=virtio-blk "
    "virtio-blk-mmio=virtio-blk virtio-blk-ccw=virtio-blk";
constexpr unsigned kMostBridges = 5;
constexpr ValueRule kSector = range(0, 65536);

std::optional<PciPort> pci_port_of(const std::string& word) {
    if (word == "no-port") {
        return std::nullopt;
    }
    return word == "bridge-port" ? PciPort::bridge
           : word == "root-port" ? PciPort::root
                                 : PciPort::of_switch;
}

constexpr std::uint32_t kUsualMessage = 8192;
constexpr std::uint32_t kLeastMessage = 4096;  // the guest's kernel takes no less

std::uint32_t msize_of(const Value& value) {
    const auto bytes = whole<std::uint32_t>(value);
    return bytes == 0 ? kUsualMessage : std::max(bytes, kLeastMessage);
}

SharedFs shared_fs_of(const std::string& name) {
    if (name == "none") {
        return SharedFs::none;
    }
    return name == "virtio-9p" ? SharedFs::virtio_9p : SharedFs::virtio_fs;
}

// A row is a line.
// clang-format off
constexpr std::array kKeys = {
    obeyed(kQemu, "disable_vhost_net", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.disable_vhost_net = flag(v); },
           "Handle packets in QEMU instead of the host's kernel, also where the host has /dev/vhost-net."),
    obeyed(kQemu, "pcie_root_port", kWhole, "2", range(0, 16), kSameName, "", [](Config& c, const Value& v) { c.pcie_root_ports = whole<unsigned>(v); },
           "Network interfaces and virtio-blk disks that can be plugged into a q35 while it runs."),
    obeyed(kQemu, "shared_fs", kText, "\"virtio-fs\"", one_of("virtio-fs virtio-9p none", "virtio-fs-nydus=virtio-fs inline-virtio-fs=virtio-fs"), kSameName, "", [](Config& c, const Value& v) { c.shared_fs = shared_fs_of(text(v)); },
           "How files come into the guest: live through virtio-fs, live through virtio-9p (for guest kernels that have 9p), or copied once (none). virtio-fs-nydus and inline-virtio-fs are taken as virtio-fs, with a warning."),
    obeyed(kQemu, "virtio_fs_daemon", kPath, "\"\"", kAny, kSameName, "valid_virtio_fs_daemon_paths", [](Config& c, const Value& v) { c.virtio_fs_daemon = text(v); },
           "The virtiofsd to run. Empty: the one that libvirt chooses, or where libvirt cannot pass the arguments on, the distribution's."),
    obeyed(kQemu, "virtio_fs_cache", kText, "\"auto\"", one_of("none never auto metadata always"), kSameName, "", [](Config& c, const Value& v) { c.virtio_fs_cache = text(v); },
           "What the guest remembers of files: nothing (none or never), for a second (auto), or for ever, as nobody else changes them (always). metadata needs the virtiofsd that is written in Rust."),
    ignored(kQemu, "virtio_fs_cache_size", kWhole, "0", kAny, kSameName, "", "libvirt has no DAX window for virtio-fs"),
    obeyed(kQemu, "virtio_fs_queue_size", kWhole, "1024", range(0, 1024), kNoAnnotation, "", [](Config& c, const Value& v) { c.virtio_fs_queue_size = whole<unsigned>(v); },
           "Requests to virtiofsd that can wait, a power of 2. 0: as many as QEMU chooses."),
    obeyed(kQemu, "virtio_fs_extra_args", kTexts, "[]", kAny, kSameName, "", [](Config& c, const Value& v) { c.virtio_fs_extra_args = texts(v); },
           "More arguments of virtiofsd; those of an annotation are added. Refused are those that say what it serves, to whom, and how it is confined."),
    obeyed(kQemu, "msize_9p", kWhole, "8192", range(0, 1 << 20), kSameName, "", [](Config& c, const Value& v) { c.msize_9p = msize_of(v); },
           "Bytes of a message of 9p, at least 4096. 0: 8192."),
    obeyed(kQemu, "disable_block_device_use", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.disable_block_device_use = flag(v); },
           "Give VMs no disks: a volume on one is refused then, a block device of --device is left out, and a root file system on one is shared."),
    obeyed(kQemu, "block_device_driver", kText, "\"virtio-blk\"", one_of("virtio-blk virtio-scsi", kOtherDrivers), kSameName, "", [](Config& c, const Value& v) { c.block_device_driver = text(v) == "virtio-scsi" ? DiskDriver::virtio_scsi : DiskDriver::virtio_blk; },
           "How a VM sees disks: virtio-blk is faster, but each disk that is plugged into a q35 while it runs takes one of pcie_root_port; virtio-scsi has places for 255. nvdimm, virtio-pmem, virtio-mmio, virtio-blk-pci, virtio-blk-mmio and virtio-blk-ccw are taken as virtio-blk, with a warning."),
    obeyed(kQemu, "block_device_aio", kText, "\"threads\"", one_of("io_uring native threads"), kSameName, "", [](Config& c, const Value& v) { c.block_device_aio = text(v) == "io_uring" ? DiskAio::io_uring : text(v) == "native" ? DiskAio::native : DiskAio::threads; },
           "How QEMU reads and writes disks: io_uring needs a host whose kernel lets QEMU's user use it, native needs block_device_cache_direct."),
    obeyed(kQemu, "block_device_cache_set", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.block_device_cache_set = flag(v); },
           "Use the cache mode that the next two keys say, instead of QEMU's own choice."),
    obeyed(kQemu, "block_device_cache_direct", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.block_device_cache_direct = flag(v); },
           "Pass the host's page cache by (libvirt's cache mode none)."),
    obeyed(kQemu, "block_device_cache_noflush", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.block_device_cache_noflush = flag(v); },
           "Ignore the guest's requests to write to the medium (cache mode unsafe): a host that loses power loses data."),
    obeyed(kQemu, "block_device_logical_sector_size", kWhole, "0", kSector, "config.hypervisor.blk_logical_sector_size", "", [](Config& c, const Value& v) { c.block_device_logical_sector_size = whole<unsigned>(v); },
           "Bytes of a sector as the guest sees it, a power of two; 0: QEMU's choice."),
    obeyed(kQemu, "block_device_physical_sector_size", kWhole, "0", kSector, "config.hypervisor.blk_physical_sector_size", "", [](Config& c, const Value& v) { c.block_device_physical_sector_size = whole<unsigned>(v); },
           "Bytes of a sector of the medium as the guest sees it, a power of two; 0: QEMU's choice."),
    obeyed(kQemu, "num_queues", kWhole, "1", range(1, 256), "config.hypervisor.block_device_num_queues", "", [](Config& c, const Value& v) { c.block_device_queues = whole<unsigned>(v); },
           "Queues of a virtio-blk disk or of the SCSI controller."),
    obeyed(kQemu, "queue_size", kWhole, "128", range(2, 1024), "config.hypervisor.block_device_queue_size", "", [](Config& c, const Value& v) { c.block_device_queue_size = whole<unsigned>(v); },
           "Requests that a queue of a virtio-blk disk holds, a power of two."),
    obeyed(kQemu, "enable_iothreads", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.enable_iothreads = flag(v); },
           "Serve disks in a thread of their own instead of QEMU's main loop."),
    obeyed(kQemu, "indep_iothreads", kWhole, "0", range(0, 50), kSameName, "", [](Config& c, const Value& v) { c.indep_iothreads = whole<unsigned>(v); },
           "Further such threads, on which virtio-blk disks take turns."),
    ignored(kQemu, "disk_rate_limiter_bw_max_rate", kWhole, "0", kAny, kNoAnnotation, "", kDiskRate),
    ignored(kQemu, "disk_rate_limiter_bw_one_time_burst", kWhole, "0", kAny, kNoAnnotation, "", kDiskRate),
    ignored(kQemu, "disk_rate_limiter_ops_max_rate", kWhole, "0", kAny, kNoAnnotation, "", kDiskRate),
    ignored(kQemu, "disk_rate_limiter_ops_one_time_burst", kWhole, "0", kAny, kNoAnnotation, "", kDiskRate),
    ignored(kQemu, "net_rate_limiter_bw_max_rate", kWhole, "0", kAny, kNoAnnotation, "", kOtherRate),
    ignored(kQemu, "net_rate_limiter_bw_one_time_burst", kWhole, "0", kAny, kNoAnnotation, "", kOtherRate),
    ignored(kQemu, "net_rate_limiter_ops_max_rate", kWhole, "0", kAny, kNoAnnotation, "", kOtherRate),
    ignored(kQemu, "net_rate_limiter_ops_one_time_burst", kWhole, "0", kAny, kNoAnnotation, "", kOtherRate),
    obeyed(kQemu, "rx_rate_limiter_max_rate", kWhole, "0", range(0, INT64_MAX), kSameName, "", [](Config& c, const Value& v) { c.rx_rate_limit = whole<std::uint64_t>(v); },
           "Bits per second that each network interface of a VM can receive. A limited interface is connected with tcfilter, and the host's kernel needs sch_tbf. 0: no limit."),
    obeyed(kQemu, "tx_rate_limiter_max_rate", kWhole, "0", range(0, INT64_MAX), kSameName, "", [](Config& c, const Value& v) { c.tx_rate_limit = whole<std::uint64_t>(v); },
           "The same of what it can send."),
    obeyed(kQemu, "network_queues", kWhole, "0", range(0, 256), kSameName, "", [](Config& c, const Value& v) { c.network_queues = whole<unsigned>(v); },
           "Queues of a network interface. 0: as many as default_vcpus says."),
    obeyed(kQemu, "default_bridges", kWhole, "0", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.machine.default_bridges = std::min(whole<unsigned>(v), kMostBridges); },
           "PCI bridges, 5 at most, for conventional devices that are attached with virsh. More than 5: 5."),
    obeyed(kQemu, "pcie_switch_port", kWhole, "0", range(0, 16), kSameName, "", [](Config& c, const Value& v) { c.machine.pcie_switch_ports = whole<unsigned>(v); },
           "Downstream ports of a PCIe switch in a q35, into which devices can be plugged as into root ports."),
    ignored(kQemu, "hotplug_vfio_on_root_bus", kFlag, "false", kAny, kSameName, "", "use hot_plug_vfio"),
    obeyed(kQemu, "hot_plug_vfio", kText, "\"no-port\"", one_of(kPorts), kSameName, "", [](Config& c, const Value& v) { c.machine.hot_plug_vfio = pci_port_of(text(v)); },
           "What hardware that a container asks for (--device /dev/vfio/<group>) is plugged into while its VM runs: a port of pcie_root_port, of pcie_switch_port, or a bridge of default_bridges. no-port: such a container is refused."),
    obeyed(kQemu, "cold_plug_vfio", kText, "\"no-port\"", one_of(kPorts), kSameName, "", [](Config& c, const Value& v) { c.machine.cold_plug_vfio = pci_port_of(text(v)); },
           "The same of hardware of a sandbox's first container, which its VM starts with, in ports of its own (on a bridge of default_bridges). no-port: it is plugged when the VM has booted."),
    obeyed(kQemu, "entropy_source", kPath, "\"\"", kAny, kSameName, "valid_entropy_sources", [](Config& c, const Value& v) { c.machine.entropy_source = text(v); },
           "A character device of the host that feeds a guest's entropy device, such as /dev/urandom. Empty: there is none, the guest's kernel trusts the CPU."),
    obeyed(kQemu, "guest_hook_path", kGuestPath, "\"\"", kAny, kSameName, "", [](Config& c, const Value& v) { c.guest_hook_path = text(v); },
           "A directory of the guest whose prestart, poststart and poststop hold programs that are run for each container, in the order of their names."),
    obeyed(kQemu, "enable_vhost_user_store", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.machine.enable_vhost_user_store = flag(v); },
           "Give VMs the disks of a vhost-user store, whose daemons read and write a VM's memory: block nodes of number 241:<n> that a container asks for with --device."),
    obeyed(kQemu, "vhost_user_store_path", kPath, "\"/var/run/kata-containers/vhost-user\"", kAny, kSameName, "valid_vhost_user_store_paths", [](Config& c, const Value& v) { c.vhost_user_store = text(v); },
           "The store: block/devices has the nodes, block/sockets the daemons' sockets under the same names. QEMU's user must be able to search these directories."),
    obeyed(kQemu, "vhost_user_reconnect_timeout_sec", kWhole, "0", kAny, kSameName, "", [](Config& c, const Value& v) { c.vhost_user_reconnect_seconds = whole<unsigned>(v); },
           "Seconds between attempts to connect to a daemon again that has ended. 0: a disk whose daemon ends is lost."),
};
// clang-format on

}  // namespace

std::span<const ConfigKey> device_keys() {
    return kKeys;
}

}  // namespace kata::sandbox
