// A directory that looks like the root of a host: a physical Intel machine with Debian 12 on which
// everything is installed and right. Tests then take something away.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "pkg/host/probe.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::host {

inline constexpr const char* kRelease = "6.1.0-9-cloud-amd64";
inline constexpr const char* kKernelPath = "var/lib/kata-containers/vmlinux";
inline constexpr const char* kInitrdPath = "var/lib/kata-containers/initrd.img";
inline constexpr const char* kImagePath = "var/lib/kata-containers/kata-containers.img";
inline constexpr const char* kMountsV2 = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n";
inline constexpr const char* kMountsV1 =
    "tmpfs /sys/fs/cgroup tmpfs ro 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n";

class FakeHost {
  public:
    FakeHost() {
        ::umask(022);
        std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
        write_processor("GenuineIntel", "fpu lm sse4_1 vmx");
        write_system();
        write_modules();
        write_users();
        write_libvirt();
        write_guest();
    }

    [[nodiscard]] Roots roots() const { return Roots::below(directory_.path()); }
    [[nodiscard]] std::filesystem::path at(const std::string& name) const {
        return directory_ / name;
    }
    void write(const std::string& name, const std::string& content) const {
        directory_.write(name, content);
    }
    void remove(const std::string& name) const { std::filesystem::remove_all(at(name)); }
    void set_mode(const std::string& name, mode_t mode) const { ::chmod(at(name).c_str(), mode); }

    void write_processor(const std::string& vendor, const std::string& flags) const {
        write("proc/cpuinfo",
              "processor\t: 0\nvendor_id\t: " + vendor +
                  "\nmodel name\t: A CPU @ 2 GHz\nflags\t\t: " + flags +
                  "\n\nprocessor\t: 1\nvendor_id\t: " + vendor + "\n");
    }

    /// An ext4 with modules for this kernel, alone in its file.
    void write_image(const std::string& release = kRelease) const {
        std::string image(1200, '\0');
        image.replace(1024 + 56, 2, "\x53\xef");
        write(kImagePath, image + "/lib/modules/" + release + "/virtio.ko\n");
    }

    /// A live module. @param parameters "name=value", or empty
    void load_module(const std::string& name, const std::string& parameter = "") const {
        std::filesystem::create_directories(at("sys/module/" + name));
        if (const auto equals = parameter.find('='); equals != std::string::npos) {
            write("sys/module/" + name + "/parameters/" + parameter.substr(0, equals),
                  parameter.substr(equals + 1) + "\n");
        }
    }

    /// A libvirtd with these arguments, in a mount namespace.
    void run_daemon(const std::string& arguments,
                    const std::string& mount_namespace = "mnt:[1]",
                    const std::string& root_peers = "shared:1") const {
        remove("proc/77");
        write("proc/77/comm", "libvirtd\n");
        write("proc/77/cmdline", std::string("/usr/sbin/libvirtd\0", 19) + arguments);
        write("proc/77/mountinfo", "1 0 8:1 / / rw " + root_peers + " - ext4 /dev/sda rw\n");
        std::filesystem::create_directories(at("proc/77/ns"));
        std::filesystem::create_symlink(mount_namespace, at("proc/77/ns/mnt"));
    }

    void write_cache(const std::string& qemu_time) const {
        write("var/cache/libvirt/qemu/capabilities/1.xml",
              "<qemuCaps>\n<emulator>/usr/bin/qemu-system-x86_64</emulator>\n<qemuctime>" +
                  qemu_time + "</qemuctime>\n</qemuCaps>\n");
    }

    [[nodiscard]] static Wanted wanted() {
        return {.kernel = std::string("/") + kKernelPath,
                .initrd = std::string("/") + kInitrdPath,
                .image = {},
                .rootfs_type = "ext4",
                .emulator = {},
                .state_dir = "/run/vc/sbs",
                .program = "/usr/bin/kata-runtime",
                .assets_dir = "/var/lib/kata-containers",
                .shim = "/usr/libexec/kata-runtime/kata-shim",
                .vm_library = "/usr/libexec/kata-runtime/libkata-vm.so"};
    }

    /// The facts, with those added that no file tells.
    [[nodiscard]] Host probe(const Wanted& wanted_facts = wanted()) const {
        Host host = probe_host(roots(), wanted_facts);
        host.as_root = true;
        host.emulator_version = "QEMU emulator version 7.2.22 (Debian)";
        host.libvirt = {.uri = "qemu:///system",
                        .error = "",
                        .library = "9.0.0",
                        .daemon = "9.0.0",
                        .hypervisor = "7.2.22"};
        for (auto& [path, mib] : host.free_mib) {
            mib = 10000;
        }
        return host;
    }

  private:
    void write_system() const {
        write("proc/meminfo",
              "MemTotal:       8000000 kB\nMemFree:        5000000 kB\nMemAvailable:   6000000 "
              "kB\n");
        write("proc/sys/kernel/osrelease", "6.1.0-40-amd64\n");
        write("proc/sys/kernel/arch", "x86_64\n");
        write("proc/self/mounts", kMountsV2);
        write("proc/self/mountinfo", "1 0 8:1 / / rw shared:1 - ext4 /dev/sda rw\n");
        std::filesystem::create_directories(at("proc/self/ns"));
        std::filesystem::create_symlink("mnt:[1]", at("proc/self/ns/mnt"));
        write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
        write("etc/os-release", "NAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID=\"12\"\n");
        std::filesystem::create_directories(at("run/systemd/system"));
    }

    void write_modules() const {
        const std::string directory = "usr/lib/modules/6.1.0-40-amd64/";
        write(directory + "modules.builtin", "kernel/net/sched/sch-ingress.ko\n");
        write(directory + "modules.dep",
              "kernel/arch/x86/kvm/kvm-intel.ko: kernel/arch/x86/kvm/kvm.ko\n"
              "kernel/arch/x86/kvm/kvm-amd.ko:\nkernel/arch/x86/kvm/kvm.ko:\n"
              "kernel/drivers/net/veth.ko:\nkernel/net/sched/cls_u32.ko.xz:\n"
              "kernel/drivers/vhost/vhost_vsock.ko:\nkernel/drivers/vhost/vhost_net.ko:\n");
        for (const char* name : {"kvm", "kvm_intel", "vhost", "vhost_net", "tun", "act_mirred"}) {
            load_module(name);
        }
        for (const char* device : {"kvm", "net/tun", "vhost-net"}) {
            write(std::string("dev/") + device, "");
        }
    }

    // QEMU's user is in the group that owns this tree, so that modes decide without chown.
    void write_users() const {
        write(
            "etc/passwd",
            "root:x:0:0::/root:/bin/sh\nlibvirt-qemu:x:64055:64055::/var/lib/libvirt:/bin/false\n");
        write("etc/group",
              "kvm:x:" + std::to_string(::getegid()) + ":alice,libvirt-qemu\nother:x:64055:\n");
        set_mode("dev/kvm", 0660);
    }

    void write_libvirt() const {
        write("usr/sbin/libvirtd", "");
        write("usr/bin/qemu-system-x86_64", "");
        write("usr/lib/qemu/virtiofsd", "");
        write("usr/share/qemu/vhost-user/50-qemu-virtiofsd.json",
              R"({"description": "d", "type": "fs", "binary": "/usr/lib/qemu/virtiofsd"})");
        struct stat facts {};
        ::stat(at("usr/bin/qemu-system-x86_64").c_str(), &facts);
        write_cache(std::to_string(facts.st_ctime));
        run_daemon("");
    }

    void write_guest() const {
        write(kKernelPath, std::string("\x7f") + "ELF Linux version " + kRelease + " (gcc)");
        write(kInitrdPath,
              std::string("070701") + "usr/lib/modules/" + kRelease + "/virtio.ko kata-component-" +
                  std::string("version=1.2.3\0", 14));
    }

    test::TemporaryDirectory directory_;
};

}  // namespace kata::host
