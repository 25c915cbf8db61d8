// RuntimeConfig: what an administrator decides, as passive data with the built-in defaults.
// Not in here: what one container asks for (its spec), and what the host can do (probed).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "pkg/sandbox/hypervisor.h"
#include "pkg/sandbox/machine_options.h"
#include "pkg/sandbox/network/internetworking_model.h"
#include "pkg/sandbox/shared_fs.h"

namespace kata::sandbox {

struct RuntimeConfig {
    // [hypervisor.qemu]
    std::filesystem::path kernel;  // uncompressed or bzImage
    std::filesystem::path initrd;
    std::filesystem::path image;        // has the guest's root; empty: the initrd has
    std::string rootfs_type = "ext4";   // of the image
    bool disable_image_nvdimm = false;  // it is a disk
    std::string kernel_params;  // appended to ours, so that the last word is the administrator's
    std::string machine_type = "q35";
    std::string emulator;  // `path`; empty: libvirt's default for the machine
    std::uint64_t default_memory_mib = 2048;
    unsigned default_vcpus = 1;
    unsigned default_max_vcpus = 0;            // 0: as many as the host has
    std::uint64_t default_max_memory_mib = 0;  // 0: as much as the host has
    unsigned memory_slots = 10;
    Accelerator accelerator = Accelerator::automatic;
    bool use_vsock = false;
    bool disable_vhost_net = false;
    unsigned network_queues = 0;      // of each interface; 0: as many as default_vcpus
    std::uint64_t rx_rate_limit = 0;  // bits per second of each interface; 0: none
    std::uint64_t tx_rate_limit = 0;
    MachineOptions machine;
    std::string kernel_hash;  // SHA-512 in hexadecimal, by annotation only; empty: not verified
    std::string initrd_hash;
    std::string image_hash;
    std::map<std::string, std::string> emulator_hashes;  // of QEMU, by annotation
    SharedFs shared_fs = SharedFs::virtio_fs;
    std::filesystem::path virtio_fs_daemon;  // empty: libvirt's choice, or the distribution's
    std::string virtio_fs_cache = "auto";
    unsigned virtio_fs_queue_size = 1024;           // 0: QEMU's own choice
    std::vector<std::string> virtio_fs_extra_args;  // virtiofsd_arguments.h
    std::uint32_t msize_9p = 8192;
    std::string guest_hook_path;   // in the guest; empty: none
    bool guest_debug = false;      // `enable_debug`: its kernel talks, its console is passed on
    unsigned pcie_root_ports = 2;  // devices that can be plugged into a q35 while it runs
    std::filesystem::path vhost_user_store = "/var/run/kata-containers/vhost-user";
    unsigned vhost_user_reconnect_seconds = 0;  // 0: a socket is connected to once
    bool disable_block_device_use = false;
    bool guest_swap = false;               // `enable_guest_swap`: see guest_swap.h
    std::filesystem::path guest_swap_dir;  // empty: assets_dir
    unsigned guest_swap_percent = 100;     // of the memory a VM starts with
    DiskDriver block_device_driver = DiskDriver::virtio_blk;
    DiskAio block_device_aio = DiskAio::threads;
    bool block_device_cache_set = false;  // else the next two mean nothing
    bool block_device_cache_direct = false;
    bool block_device_cache_noflush = false;
    unsigned block_device_logical_sector_size = 0;  // 0: the hypervisor's choice
    unsigned block_device_physical_sector_size = 0;
    unsigned block_device_queues = 1;
    unsigned block_device_queue_size = 128;
    bool enable_iothreads = false;
    unsigned indep_iothreads = 0;
    std::vector<std::string> enable_annotations;  // regular expressions, matched whole
    std::map<std::string, std::vector<std::string>> valid_values;  // globs, by the key: valid_...

    // [libvirt]
    std::string libvirt_uri;  // empty: LIBVIRT_DEFAULT_URI, else qemu:///system
    std::chrono::seconds libvirt_timeout{60};

    // [agent.kata]
    std::chrono::seconds boot_timeout{0};  // 0: 30 s with KVM, 180 s under emulation
    std::chrono::seconds request_timeout{60};
    bool agent_debug = false;                 // `enable_debug`: the agent tells its steps
    bool debug_console_enabled = false;       // a shell of the guest itself may be asked for
    std::vector<std::string> kernel_modules;  // a name and its parameters each
    std::uint32_t container_pipe_size = 0;    // bytes; 0: the guest kernel's default

    // [runtime]
    bool enable_debug = false;
    bool sandbox_cgroup_only = false;
    bool enable_vcpus_pinning = false;
    bool static_sandbox_resource_mgmt = false;  // a VM never changes its size
    InternetworkingModel internetworking_model = InternetworkingModel::tcfilter;
    bool disable_guest_seccomp = false;
    std::chrono::seconds create_container_timeout{0};  // 0: request_timeout
    std::vector<std::string> sandbox_bind_mounts;      // host paths; see sandbox_bind_mounts.h
    bool disable_new_netns = false;  // containers without a network of their own are allowed

    // [netmon]
    bool enable_netmon = false;  // interfaces may come and go while a container runs

    // What the configuration was read from (empty: built in), and the annotations that have changed
    // it for one sandbox (annotations.h).
    std::filesystem::path file;
    std::map<std::string, std::string> annotations;

    // Not configurable: where the program was installed and where state lives.
    std::filesystem::path image_loader;  // the initrd of guests with an image
    std::filesystem::path shim_path;
    std::filesystem::path assets_dir;      // of verified copies; QEMU's user may search it
    std::vector<std::string> own_command;  // this program and the global options it was given
    bool systemd_cgroup = false;           // --systemd-cgroup: cgroups are to be systemd's scopes
    std::filesystem::path state_dir = "/run/vc/sbs";
    std::filesystem::path tombstone_dir = "/run/vc/tombstones";
    std::filesystem::path share_dir = "/run/kata-containers/shared/sandboxes";

    bool operator==(const RuntimeConfig&) const = default;
};

/// The two places a configuration file is looked for, the administrator's first.
[[nodiscard]] std::vector<std::filesystem::path> default_config_paths();

/// The defaults of this build, without any file.
[[nodiscard]] RuntimeConfig built_in_config();

/// Reads `file`, or the first existing of default_config_paths() if it is empty; none exists:
/// built-in. Drop-ins beside it are read, too. config/load.h tells where each key comes from.
/// @throws base::Error invalid_argument naming file, line, key and the allowed values.
[[nodiscard]] RuntimeConfig load_config(const std::filesystem::path& file);

}  // namespace kata::sandbox
