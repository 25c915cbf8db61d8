// Hypervisor: the port through which the sandbox gets its virtual machine. Owned by this folder
// (the consumer), implemented by pkg/libvirt-driver. It holds what a sandbox needs, not what
// libvirt offers: values only, no handle, no XML, no domain.
//
// Every method ends by its deadline: @throws base::Error timeout when the daemon does not answer,
// unavailable when it cannot be reached, not_found for a VM that does not exist (any more).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/deadline.h"
#include "pkg/sandbox/vm_disk.h"
#include "pkg/sandbox/vm_host_device.h"
#include "pkg/sandbox/vm_machine.h"

namespace kata::sandbox {

enum class Accelerator {
    automatic,  // KVM if the CPU has vmx/svm and QEMU's user can use /dev/kvm, else emulation
    kvm,
    tcg,  // software emulation
};

/// A virtio-serial port of the guest: the unix socket QEMU listens on, and the name seen in the
/// guest.
struct VmPort {
    std::string name;              // /sys/class/virtio-ports/*/name in the guest
    std::filesystem::path socket;  // on the host; at most 107 bytes
};

enum class ShareProtocol { virtio_fs, virtio_9p };

/// A host directory the guest mounts by tag.
struct VmShare {
    std::filesystem::path directory;
    std::string tag;
    ShareProtocol protocol = ShareProtocol::virtio_fs;
    // Of a server that runs already; empty: the hypervisor starts it.
    std::filesystem::path socket{};
    unsigned queue_size = 0;  // of virtio-fs; 0: the hypervisor's own choice
    // For a server that the hypervisor starts.
    std::string server{};  // the program; empty: its own choice
    std::string cache{};   // "none" or "always"; empty: the server's own choice
    unsigned threads = 0;  // at most, beside the queue's; 0: none
};

/// What decides who a VM will run as.
struct VmIdentity {
    std::string uuid;
    bool own_user = false;                             // as in VmMachine
    Accelerator accelerator = Accelerator::automatic;  // as in VmConfig
};

/// Who a VM's processes run as.
struct VmUser {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;  // all, gid among them
};

/// A file with the guest's root file system, which no guest ever changes.
struct VmImage {
    std::filesystem::path path;
    std::uint64_t bytes = 0;
    // Kernel parameters that say where the root is. As memory mapped from the file the host has it
    // once for all VMs; not every host lets QEMU map it, and a disk is made of it then. nullopt: it
    // is always a disk.
    std::optional<std::string> memory_parameters;
    std::string disk_parameters;
};

/// A network interface of the guest, whose other end is a tap device on the host.
struct VmNic {
    std::string host_device;  // name of the tap or macvtap, unique on the host; at most 15 bytes
    bool managed = true;      // false: host_device exists already (macvtap) and outlives the VM
    std::string mac;
    unsigned mtu = 0;     // 0: the default
    unsigned queues = 1;  // multi-queue if more than one
    bool vhost = true;    // packets handled in the host's kernel where it can
    bool operator==(const VmNic&) const = default;
};

/// The hardware of one sandbox: passive data, built by a pure function (vm_config_builder.h).
struct VmConfig {
    std::string name;        // "kata-<sandbox id>"
    std::string uuid;        // lower case, with dashes; chosen by us, journaled before the start
    std::string sandbox_id;  // written once into the VM's metadata
    std::filesystem::path state_dir;  // the same
    Accelerator accelerator = Accelerator::automatic;
    std::string machine_type;  // "q35" or "pc"
    std::string emulator;      // path of QEMU; empty: the hypervisor's own choice
    VmMachine machine;
    unsigned vcpus = 1;  // present at boot (the guest onlines what it needs)
    std::uint64_t memory_mib = 0;
    std::uint64_t max_memory_mib = 0;  // memory can grow to this by plug_memory; 0: it cannot
    unsigned memory_slots = 0;         // by so many pieces
    std::vector<VmNic> nics;
    std::vector<VmDisk> disks;
    std::vector<VmHostDevice> host_devices;
    DiskTuning disk_tuning;      // of disks that are plugged later
    unsigned iothreads = 0;      // threads of QEMU for disks
    unsigned hotplug_ports = 0;  // places for devices that are plugged while the VM runs
    std::filesystem::path kernel;
    std::filesystem::path initrd;
    std::optional<VmImage> image;
    std::string kernel_parameters;  // behind those of the image
    std::vector<VmPort> ports;
    std::optional<VmShare> share;
    std::filesystem::path console_log;  // what the guest prints on its first serial line
    bool vsock = false;  // a vsock device with a context id of the hypervisor's choice
};

struct StartedVm {
    pid_t pid = 0;                               // QEMU's pid on the host
    std::vector<pid_t> helpers;                  // of other processes for this VM (virtiofsd)
    std::optional<std::uint32_t> vsock_cid;      // only with VmConfig::vsock
    Accelerator accelerator = Accelerator::tcg;  // what automatic became
    std::vector<std::string> warnings;           // one line each, for the log
};

enum class VmState { running, paused, stopped };

/// What `kata-env` and error messages say of the hypervisor.
struct HypervisorVersion {
    std::string uri;
    std::string library;     // libvirt's client library, "9.0.0"
    std::string daemon;      // libvirtd's own version
    std::string hypervisor;  // QEMU's version
};

class Hypervisor {
  public:
    Hypervisor() = default;
    Hypervisor(const Hypervisor&) = delete;
    Hypervisor& operator=(const Hypervisor&) = delete;
    Hypervisor(Hypervisor&&) = delete;
    Hypervisor& operator=(Hypervisor&&) = delete;
    virtual ~Hypervisor() = default;

    /// Creates the VM, its CPUs not yet running, so that cgroups and network can be set up first.
    /// The VM outlives this process. @throws Error already_exists if name or uuid is taken.
    virtual StartedVm create_vm_paused(const VmConfig& config, base::Deadline deadline) = 0;

    /// Lets the CPUs run.
    virtual void resume_vm(const std::string& uuid, base::Deadline deadline) = 0;

    /// Ends the VM at once and waits until it is gone. A VM that does not exist is fine.
    virtual void destroy_vm(const std::string& uuid, base::Deadline deadline) = 0;

    /// Plugs an interface into a VM whose CPUs run; it needs a free hot-plug port.
    virtual void plug_nic(const std::string& uuid, const VmNic& nic, base::Deadline deadline) = 0;

    /// Takes the interface with this MAC address out; one that does not exist is fine.
    virtual void unplug_nic(const std::string& uuid,
                            const std::string& mac,
                            base::Deadline deadline) = 0;

    /// Plugs a disk into a VM. With virtio-blk it needs a free hot-plug port.
    virtual void plug_disk(const std::string& uuid,
                           const VmDisk& disk,
                           base::Deadline deadline) = 0;

    /// Takes the disk with this serial out and waits until it is gone; one that does not exist, or
    /// whose VM does not, is fine.
    virtual void unplug_disk(const std::string& uuid,
                             const std::string& serial,
                             base::Deadline deadline) = 0;

    /// Tells the guest the new size of a disk that runs; a regular file becomes that long.
    virtual void resize_disk(const std::string& uuid,
                             const std::string& serial,
                             std::uint64_t bytes,
                             base::Deadline deadline) = 0;

    /// Plugs hardware of the host, all of its IOMMU group being driven by vfio-pci; it needs a free
    /// port of its kind.
    virtual void plug_host_device(const std::string& uuid,
                                  const VmHostDevice& device,
                                  base::Deadline deadline) = 0;

    /// Takes the device with this name out and waits until it is gone; one that does not exist, or
    /// whose VM does not, is fine.
    virtual void unplug_host_device(const std::string& uuid,
                                    const std::string& name,
                                    base::Deadline deadline) = 0;

    /// By which way over its PCI buses the guest finds devices: slot and function on the root bus,
    /// then on the bus behind, "01.1/00.0". @param names of host devices, and serials of disks that
    /// are sockets. @return in their order. @throws Error not_found for one that the VM has not.
    [[nodiscard]] virtual std::vector<std::string> pci_paths(const std::string& uuid,
                                                             const std::vector<std::string>& names,
                                                             base::Deadline deadline) = 0;

    /// Plugs memory, a multiple of the guest's block size. @return MiB plugged so far, in all.
    virtual std::uint64_t plug_memory(const std::string& uuid,
                                      std::uint64_t memory_mib,
                                      base::Deadline deadline) = 0;

    /// Lets each vCPU run on these CPUs of the host only. @param cpus one list for each vCPU.
    virtual void pin_vcpus(const std::string& uuid,
                           const std::vector<std::vector<unsigned>>& cpus,
                           base::Deadline deadline) = 0;

    /// VmState::stopped also for a VM that does not exist.
    virtual VmState vm_state(const std::string& uuid, base::Deadline deadline) = 0;

    /// Who a VM runs as, or if it does not yet, will run as when it is created: for sockets that it
    /// shall connect to and disks that it opens.
    virtual VmUser vm_user(const VmIdentity& vm, base::Deadline deadline) = 0;

    virtual HypervisorVersion version(base::Deadline deadline) = 0;
};

}  // namespace kata::sandbox
