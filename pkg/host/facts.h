// Host: what is true of a machine, as passive data. Probed by probe.h from file trees; checks.h
// judges it. What only libvirt can answer is filled in by whoever can ask it (Answer).
// Not in here: opinions, fixes, texts for people.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kata::host {

enum class Acceleration { automatic, kvm, tcg };

/// What the runtime's configuration asks of the host.
struct Wanted {
    Acceleration acceleration = Acceleration::automatic;
    std::filesystem::path kernel;
    std::filesystem::path initrd;     // with an image, its loader
    std::filesystem::path image;      // with the guest's root; empty: the initrd has it
    std::string rootfs_type;          // of the image: "ext4"
    std::filesystem::path emulator;   // empty: libvirt's choice
    std::uint64_t memory_mib = 2048;  // of one sandbox
    bool vsock = false;
    bool vhost_net = true;
    bool mirrored_network = true;      // packets are passed on by tc
    std::filesystem::path state_dir;   // of the sandboxes
    std::filesystem::path program;     // kata-runtime itself
    std::filesystem::path assets_dir;  // where the guest's files are installed
    std::filesystem::path shim;
    std::filesystem::path vm_library;
};

struct Processor {
    std::string vendor{};              // "GenuineIntel"
    std::string model{};               // as /proc/cpuinfo says it
    std::vector<std::string> flags{};  // of the first CPU
    unsigned count = 0;
    [[nodiscard]] bool has(const std::string& flag) const;
    /// vmx or svm
    [[nodiscard]] bool virtualizes() const { return has("vmx") || has("svm"); }
    /// this machine is a VM itself
    [[nodiscard]] bool is_virtual() const { return has("hypervisor"); }
};

struct Memory {  // KiB
    std::uint64_t total = 0;
    std::uint64_t free = 0;
    std::uint64_t available = 0;
};

struct Distribution {  // of os-release
    std::string id{};
    std::string id_like{};
    std::string name{};
    std::string version{};
};

/// The user that libvirt runs QEMU as.
struct User {
    std::string name{};
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;      // all of them, gid included
    std::string kvm_group = "kvm";  // the one that /dev/kvm should belong to
    gid_t kvm_gid = 0;
};

struct Device {
    bool exists = false;
    int open_error = 0;  // errno of our own attempt to open it for reading and writing
    bool usable_by_qemu = false;
};

enum class ModuleState { absent, loadable, built_in, loaded };

struct Module {
    ModuleState state = ModuleState::absent;
    std::map<std::string, std::string> parameters{};
    [[nodiscard]] bool works() const { return state >= ModuleState::built_in; }
};

enum class CgroupLayout { none, v1, hybrid, v2 };

struct Cgroups {
    CgroupLayout layout = CgroupLayout::none;
    std::vector<std::string> controllers{};
};

enum class SelinuxMode { off, permissive, enforcing };

struct Security {
    SelinuxMode selinux = SelinuxMode::off;
    bool apparmor = false;
};

/// libvirt's daemon for QEMU, libvirtd or virtqemud.
struct Daemon {
    std::string name{};          // of the installed one; empty: none
    std::optional<pid_t> pid{};  // of the running one
    unsigned idle_timeout = 0;   // seconds; 0: it stays
    bool sees_our_mounts = true;
};

struct CapabilityCache {
    enum class State { valid, missing, stale };
    State state = State::missing;
    std::string reason{};  // why it is stale
};

enum class GuestFormat {
    missing,
    elf_kernel,
    bzimage_kernel,
    cpio_archive,
    packed_archive,
    ext4,  // file systems, alone or in the first partition
    xfs,
    erofs,
    other
};

struct GuestFile {
    std::filesystem::path path{};
    GuestFormat format = GuestFormat::missing;
    std::uint64_t bytes = 0;
    bool readable_by_qemu = false;
    std::vector<std::string> releases{};  // a kernel's own; those the others have modules for
    std::string agent_version{};          // of the kata-agent in it
};

struct Engine {
    bool installed = false;
    bool knows_us = false;
    bool has_config = false;
    std::string config{};   // the file that would name us
    std::string trouble{};  // that file cannot be read: why
};

/// What libvirt answered; texts are empty where it was not asked or has not answered.
struct Answer {
    std::string uri{};
    std::string missing_library{};  // why it could not be asked: what asks is not complete
    std::string error{};
    std::string library{};
    std::string daemon{};
    std::string hypervisor{};
    [[nodiscard]] bool arrived() const { return error.empty() && !daemon.empty(); }
};

struct Host {
    Wanted wanted;
    std::string configuration_error;
    bool as_root = false;

    std::string architecture;  // as uname says it
    std::string kernel;
    Distribution distribution;
    bool has_systemd = false;
    Processor processor;
    Memory memory;

    User qemu_user;
    Device kvm;
    Device tun;
    Device vhost_net;
    Device vhost_vsock;
    std::optional<int> create_vm_error;  // errno of KVM_CREATE_VM (0: works); tried only as root
    std::map<std::string, Module> modules;

    Cgroups cgroups;
    Security security;
    bool root_is_shared = false;  // mounts made below / reach other mount namespaces

    std::filesystem::path emulator;   // the QEMU that would run; empty: none
    std::string emulator_version;     // its own words, first line; empty: not asked
    std::filesystem::path virtiofsd;  // the one libvirt finds; empty: none
    Daemon daemon;
    CapabilityCache capability_cache;
    Answer libvirt;

    std::string shim_version;  // empty: missing, or not one of ours
    std::string vm_library_version;
    GuestFile guest_kernel;
    GuestFile guest_initrd;
    GuestFile guest_image;                          // without a path if none is wanted
    std::map<std::string, std::uint64_t> free_mib;  // of the file systems of these directories

    Engine docker;
    Engine podman;
    Engine containerd;
    bool has_kubelet = false;

    [[nodiscard]] const Module& module(const std::string& name) const;
    /// The file that the guest's root, and so the agent, is in.
    [[nodiscard]] const GuestFile& guest_root() const {
        return wanted.image.empty() ? guest_initrd : guest_image;
    }
};

/// What libvirt would really run a VM with, and why.
struct AccelerationChoice {
    Acceleration acceleration = Acceleration::tcg;  // never automatic
    std::string reason{};
};
[[nodiscard]] AccelerationChoice choose_acceleration(const Host& host);

}  // namespace kata::host
