#include "pkg/host/checks.h"

#include <algorithm>
#include <array>

namespace kata::host {
namespace {

constexpr std::array kChecks = {
    Check{"configuration", "configuration", check_configuration},
    Check{"user", "rights of the caller", check_user},
    Check{"architecture", "architecture", check_architecture},
    Check{"cpu", "processor", check_cpu},
    Check{"virtualization", "hardware virtualization", check_virtualization},
    Check{"kvm-modules", "KVM in the kernel", check_kvm_modules},
    Check{"kvm-device", "/dev/kvm", check_kvm_device},
    Check{"kvm-user", "/dev/kvm for QEMU's user", check_kvm_user},
    Check{"qemu", "QEMU", check_qemu},
    Check{"virtiofsd", "virtiofsd", check_virtiofsd},
    Check{"libraries", "libraries", check_libraries},
    Check{"libvirt", "libvirt", check_libvirt},
    Check{"libvirt-idle", "libvirt's idle timeout", check_libvirt_idle},
    Check{"mounts", "mounts reach libvirt", check_mounts},
    Check{"capability-cache", "libvirt's record of QEMU", check_capability_cache},
    Check{"guest-kernel", "guest kernel", check_guest_kernel},
    Check{"guest-initrd", "guest initrd", check_guest_initrd},
    Check{"guest-image", "guest image", check_guest_image},
    Check{"guest-fit", "kernel and modules fit", check_guest_fit},
    Check{"guest-access", "guest readable by QEMU", check_guest_access},
    Check{"tun", "tap devices", check_tun},
    Check{"veth", "veth devices", check_veth},
    Check{"traffic-control", "traffic control", check_traffic_control},
    Check{"vhost-net", "vhost-net", check_vhost_net},
    Check{"vsock", "vsock", check_vsock},
    Check{"cgroups", "cgroups", check_cgroups},
    Check{"selinux", "SELinux", check_selinux},
    Check{"apparmor", "AppArmor", check_apparmor},
    Check{"memory", "memory", check_memory},
    Check{"disk", "disk space", check_disk},
    Check{"docker", "docker", check_docker},
    Check{"podman", "podman", check_podman},
    Check{"containerd", "containerd", check_containerd},
};

}  // namespace

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::pass:
            return "pass";
        case Verdict::warn:
            return "warn";
        case Verdict::fail:
            return "fail";
    }
    return "";
}

std::span<const Check> checks() {
    return kChecks;
}

std::vector<Result> examine(const Host& host) {
    std::vector<Result> results;
    results.reserve(kChecks.size());
    for (const Check& check : kChecks) {
        results.push_back({&check, check.examine(host)});
    }
    return results;
}

bool is_capable(const std::vector<Result>& results) {
    return std::ranges::none_of(
        results, [](const Result& result) { return result.finding.verdict == Verdict::fail; });
}

}  // namespace kata::host
