#include "pkg/host/probe.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "pkg/base/error.h"
#include "pkg/base/subprocess.h"
#include "pkg/base/unique_fd.h"
#include "pkg/host/access.h"
#include "pkg/host/engines.h"
#include "pkg/host/guest_files.h"
#include "pkg/host/libvirt_files.h"
#include "pkg/host/modules.h"
#include "pkg/host/system.h"
#include "pkg/host/text.h"

namespace kata::host {
namespace {

constexpr std::chrono::seconds kVersionTime{10};

/// errno of making a VM without CPUs, memory or devices, which is closed again at once.
int try_to_create_vm(const std::filesystem::path& device) {
    const base::UniqueFd kvm(::open(device.c_str(), O_RDWR | O_CLOEXEC));
    if (!kvm.valid()) {
        return errno;
    }
    const base::UniqueFd vm(::ioctl(kvm.get(), KVM_CREATE_VM, 0));
    return vm.valid() ? 0 : errno;
}

std::string first_output(const std::filesystem::path& program) {
    try {
        base::ProcessSpec spec;
        spec.path = program.native();
        spec.args = {spec.path, "--version"};
        spec.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
        const auto result = base::run_process(spec, base::Deadline::after(kVersionTime));
        return result.exit_code == 0 ? std::string(trimmed(result.standard_output)) : "";
    } catch (const base::Error&) {
        return {};
    }
}

/// The space left for what is made below `path`, which need not exist yet.
std::uint64_t free_mib(const Roots& roots, std::filesystem::path path) {
    while (path.has_relative_path() && !is_there(roots.at(path))) {
        path = path.parent_path();
    }
    struct statvfs facts {};
    if (::statvfs(roots.at(path).c_str(), &facts) != 0) {
        return 0;
    }
    return static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize >> 20;
}

void probe_devices(const Roots& roots, Host& host) {
    host.kvm = probe_device(roots, "kvm", host.qemu_user);
    host.tun = probe_device(roots, "net/tun", host.qemu_user);
    host.vhost_net = probe_device(roots, "vhost-net", host.qemu_user);
    host.vhost_vsock = probe_device(roots, "vhost-vsock", host.qemu_user);
    if (host.kvm.exists) {
        host.kvm.open_error = try_to_open(roots.dev / "kvm");
    }
    if (host.kvm.exists && host.as_root && roots.is_this_host()) {
        host.create_vm_error = try_to_create_vm(roots.dev / "kvm");
    }
}

void probe_hypervisor(const Roots& roots, Host& host) {
    host.root_is_shared = probe_root_is_shared(roots);
    host.daemon = probe_daemon(roots);
    host.emulator = probe_emulator(roots, host.wanted.emulator);
    host.virtiofsd = probe_virtiofsd(roots);
    host.capability_cache = probe_capability_cache(roots, host.emulator);
    if (!host.emulator.empty() && roots.is_this_host()) {
        host.emulator_version = first_output(host.emulator);
    }
}

}  // namespace

Host probe_host(const Roots& roots, const Wanted& wanted) {
    Host host;
    host.wanted = wanted;
    host.as_root = ::geteuid() == 0;
    host.architecture = probe_architecture(roots);
    host.kernel = probe_kernel(roots);
    host.distribution = probe_distribution(roots);
    host.has_systemd = is_there(roots.run / "systemd/system");
    host.processor = probe_processor(roots);
    host.memory = probe_memory(roots);
    host.qemu_user = probe_qemu_user(roots);
    host.modules = probe_modules(roots, host.kernel);
    host.cgroups = probe_cgroups(roots);
    host.security = probe_security(roots);
    probe_devices(roots, host);
    probe_hypervisor(roots, host);
    host.shim_version = probe_component(roots, wanted.shim);
    host.vm_library_version = probe_component(roots, wanted.vm_library);
    host.guest_kernel = probe_guest_file(roots, wanted.kernel, host.qemu_user);
    host.guest_initrd = probe_guest_file(roots, wanted.initrd, host.qemu_user);
    host.guest_image = probe_guest_file(roots, wanted.image, host.qemu_user);
    for (const auto& directory : {wanted.state_dir, std::filesystem::path("/var/lib")}) {
        host.free_mib[directory.native()] = free_mib(roots, directory);
    }
    host.docker = probe_docker(roots);
    host.podman = probe_podman(roots);
    host.containerd = probe_containerd(roots);
    host.has_kubelet = is_there(roots.usr / "bin/kubelet");
    return host;
}

}  // namespace kata::host
