// [hypervisor.qemu], second part: files, disks, network and other devices.
#include <array>

#include "pkg/sandbox/config.h"
#include "pkg/sandbox/config/row.h"

namespace kata::sandbox {
namespace {

using Config = RuntimeConfig;
using Value = ConfigValue;

constexpr std::string_view kNotYet = "not served by this version";
constexpr std::string_view kVirtioFs =
    "files are always shared by virtio-fs, with the virtiofsd that libvirt starts";
constexpr std::string_view kNo9p = "files are shared by virtio-fs, 9p is not used";
constexpr std::string_view kNoDisks =
    "a VM has no disks: root file systems are shared by virtio-fs";
constexpr std::string_view kVfio = "VFIO devices are not served by this version";
constexpr std::string_view kVhostUser = "vhost-user devices are not served by this version";
constexpr std::string_view kRate =
    "not served by this version; use tc(8) on the engine's interface";
constexpr std::string_view kPorts = "no-port bridge-port root-port switch-port";
constexpr ValueRule kSector = range(0, 65536);

// A row is a line.
// clang-format off
constexpr std::array kKeys = {
    obeyed(kQemu, "disable_vhost_net", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.disable_vhost_net = flag(v); },
           "Handle packets in QEMU instead of the host's kernel, also where the host has /dev/vhost-net."),
    obeyed(kQemu, "pcie_root_port", kWhole, "2", range(0, 16), kSameName, "", [](Config& c, const Value& v) { c.pcie_root_ports = whole<unsigned>(v); },
           "Network interfaces that can be plugged into a q35 while it runs."),
    ignored(kQemu, "shared_fs", kText, "\"virtio-fs\"", one_of("virtio-fs virtio-9p virtio-fs-nydus inline-virtio-fs none"), kSameName, "", kVirtioFs),
    ignored(kQemu, "virtio_fs_daemon", kPath, "\"\"", kAny, kSameName, "valid_virtio_fs_daemon_paths", kVirtioFs),
    ignored(kQemu, "virtio_fs_cache", kText, "\"auto\"", one_of("none never auto metadata always"), kSameName, "", "not served by this version; libvirt's default is used"),
    ignored(kQemu, "virtio_fs_cache_size", kWhole, "0", kAny, kSameName, "", "libvirt has no DAX window for virtio-fs"),
    ignored(kQemu, "virtio_fs_queue_size", kWhole, "1024", kAny, kNoAnnotation, "", kNotYet),
    ignored(kQemu, "virtio_fs_extra_args", kTexts, "[]", kAny, kSameName, "", kVirtioFs),
    ignored(kQemu, "msize_9p", kWhole, "8192", range(1, kMostUint32), kSameName, "", kNo9p),
    ignored(kQemu, "disable_block_device_use", kFlag, "false", kAny, kSameName, "", kNoDisks),
    ignored(kQemu, "block_device_driver", kText, "\"virtio-scsi\"", one_of("virtio-scsi virtio-blk virtio-mmio nvdimm virtio-blk-ccw"), kSameName, "", kNoDisks),
    ignored(kQemu, "block_device_aio", kText, "\"io_uring\"", one_of("io_uring native threads"), kSameName, "", kNoDisks),
    ignored(kQemu, "block_device_cache_set", kFlag, "false", kAny, kSameName, "", kNoDisks),
    ignored(kQemu, "block_device_cache_direct", kFlag, "false", kAny, kSameName, "", kNoDisks),
    ignored(kQemu, "block_device_cache_noflush", kFlag, "false", kAny, kSameName, "", kNoDisks),
    ignored(kQemu, "block_device_logical_sector_size", kWhole, "0", kSector, "config.hypervisor.blk_logical_sector_size", "", kNoDisks),
    ignored(kQemu, "block_device_physical_sector_size", kWhole, "0", kSector, "config.hypervisor.blk_physical_sector_size", "", kNoDisks),
    ignored(kQemu, "num_queues", kWhole, "1", kAny, "config.hypervisor.block_device_num_queues", "", kNoDisks),
    ignored(kQemu, "queue_size", kWhole, "128", kAny, "config.hypervisor.block_device_queue_size", "", kNoDisks),
    ignored(kQemu, "enable_iothreads", kFlag, "false", kAny, kSameName, "", kNoDisks),
    ignored(kQemu, "indep_iothreads", kWhole, "0", range(0, 50), kSameName, "", kNoDisks),
    ignored(kQemu, "disk_rate_limiter_bw_max_rate", kWhole, "0", kAny, kNoAnnotation, "", kNoDisks),
    ignored(kQemu, "disk_rate_limiter_bw_one_time_burst", kWhole, "0", kAny, kNoAnnotation, "", kNoDisks),
    ignored(kQemu, "disk_rate_limiter_ops_max_rate", kWhole, "0", kAny, kNoAnnotation, "", kNoDisks),
    ignored(kQemu, "disk_rate_limiter_ops_one_time_burst", kWhole, "0", kAny, kNoAnnotation, "", kNoDisks),
    ignored(kQemu, "net_rate_limiter_bw_max_rate", kWhole, "0", kAny, kNoAnnotation, "", kRate),
    ignored(kQemu, "net_rate_limiter_bw_one_time_burst", kWhole, "0", kAny, kNoAnnotation, "", kRate),
    ignored(kQemu, "net_rate_limiter_ops_max_rate", kWhole, "0", kAny, kNoAnnotation, "", kRate),
    ignored(kQemu, "net_rate_limiter_ops_one_time_burst", kWhole, "0", kAny, kNoAnnotation, "", kRate),
    ignored(kQemu, "rx_rate_limiter_max_rate", kWhole, "0", range(0, INT64_MAX), kSameName, "", kRate),
    ignored(kQemu, "tx_rate_limiter_max_rate", kWhole, "0", range(0, INT64_MAX), kSameName, "", kRate),
    ignored(kQemu, "network_queues", kWhole, "1", kAny, kSameName, "", "an interface has as many queues as default_vcpus says"),
    ignored(kQemu, "default_bridges", kWhole, "1", kAny, kNoAnnotation, "", "devices are plugged into PCIe root ports; use pcie_root_port"),
    ignored(kQemu, "pcie_switch_port", kWhole, "0", range(0, 16), kSameName, "", "use pcie_root_port"),
    ignored(kQemu, "hotplug_vfio_on_root_bus", kFlag, "false", kAny, kSameName, "", kVfio),
    ignored(kQemu, "hot_plug_vfio", kText, "\"no-port\"", one_of(kPorts), kSameName, "", kVfio),
    ignored(kQemu, "cold_plug_vfio", kText, "\"no-port\"", one_of(kPorts), kSameName, "", kVfio),
    ignored(kQemu, "entropy_source", kPath, "\"/dev/urandom\"", kAny, kSameName, "valid_entropy_sources", "a guest has no entropy device, its kernel trusts the CPU; use kernel_params = \"random.trust_cpu=off\""),
    ignored(kQemu, "guest_hook_path", kGuestPath, "\"\"", kAny, kSameName, "", "not served by this version; use the startContainer hooks of config.json"),
    ignored(kQemu, "enable_vhost_user_store", kFlag, "false", kAny, kSameName, "", kVhostUser),
    ignored(kQemu, "vhost_user_store_path", kPath, "\"/var/run/kata-containers/vhost-user\"", kAny, kSameName, "valid_vhost_user_store_paths", kVhostUser),
    ignored(kQemu, "vhost_user_reconnect_timeout_sec", kWhole, "0", kAny, kSameName, "", kVhostUser),
};
// clang-format on

}  // namespace

std::span<const ConfigKey> device_keys() {
    return kKeys;
}

}  // namespace kata::sandbox
