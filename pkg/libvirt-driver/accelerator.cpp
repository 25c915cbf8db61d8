#include "pkg/libvirt-driver/accelerator.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/unique_fd.h"
#include "pkg/sandbox/virtualization.h"

namespace kata::libvirt_driver {
namespace {

using sandbox::Accelerator;

bool can_open(const std::filesystem::path& path) {
    return base::UniqueFd(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY)).valid();
}

/// Opens `path` with the file system rights of `user`, access control lists included.
bool can_be_opened_by(const QemuUser& user, const std::filesystem::path& path) {
    bool opened = false;
    // The raw system calls change the calling thread only (the C library's would change all), and
    // the kernel takes the thread's power over files away with its file system uid 0. The thread
    // ends here.
    std::thread([&] {
        if (geteuid() == 0) {
            syscall(SYS_setgroups, user.groups.size(), user.groups.data());
            syscall(SYS_setfsgid, user.gid);
            syscall(SYS_setfsuid, user.uid);
        }
        opened = can_open(path);
    }).join();
    return opened;
}

std::string why_not_kvm(const KvmFacts& facts) {
    if (!facts.cpu_has_virtualization) {
        return "the CPU offers no hardware virtualization (no vmx or svm in /proc/cpuinfo)";
    }
    if (!facts.device_exists) {
        return "/dev/kvm does not exist";
    }
    return fmt::format("QEMU's user {} may not open /dev/kvm", facts.qemu_user);
}

std::string device_remedy(const KvmFacts& facts) {
    return fmt::format("chgrp {} /dev/kvm && chmod 660 /dev/kvm", facts.device_group);
}

std::string remedy(const KvmFacts& facts) {
    if (!facts.cpu_has_virtualization) {
        return "enable it in the firmware, or nested virtualization in the outer hypervisor";
    }
    if (!facts.device_exists) {
        return "load the module: modprobe kvm_intel or kvm_amd";
    }
    return "run: " + device_remedy(facts);
}

/// libvirt (as root) sees a usable /dev/kvm, QEMU (as its user) reports none: each start finds the
/// cached capabilities stale and asks QEMU anew, many times over.
bool spoils_capability_cache(const KvmFacts& facts) {
    return facts.device_exists && !facts.usable_by_qemu;
}

std::string cache_warning(const KvmFacts& facts) {
    return fmt::format(
        "VM starts are slow (up to a minute): libvirt probes QEMU anew at each start because its "
        "user {} may not open /dev/kvm; run: {}",
        facts.qemu_user,
        device_remedy(facts));
}

}  // namespace

KvmFacts probe_kvm(const std::filesystem::path& root, const QemuUser& user) {
    const auto device = root / "dev/kvm";
    std::error_code ignored;
    KvmFacts facts;
    facts.cpu_has_virtualization = sandbox::has_virtualization_flag(
        base::try_read_file(root / "proc/cpuinfo").value_or(std::string()));
    facts.device_exists = std::filesystem::exists(device, ignored);
    facts.usable_by_qemu = facts.device_exists && can_be_opened_by(user, device);
    facts.qemu_user = user.name;
    facts.device_group = user.device_group;
    return facts;
}

AcceleratorChoice choose_accelerator(Accelerator requested, const KvmFacts& facts) {
    const bool usable = facts.cpu_has_virtualization && facts.usable_by_qemu;
    if (requested == Accelerator::kvm && !usable) {
        throw base::Error(base::ErrorCode::unsupported,
                          fmt::format("cannot use KVM: {}; {}, or set the accelerator to tcg",
                                      why_not_kvm(facts),
                                      remedy(facts)));
    }
    AcceleratorChoice choice;
    choice.accelerator =
        usable && requested != Accelerator::tcg ? Accelerator::kvm : Accelerator::tcg;
    if (requested == Accelerator::automatic && !usable) {
        choice.warnings.push_back(fmt::format(
            "the VM is emulated in software, several times slower than with KVM: {}; {}",
            why_not_kvm(facts),
            remedy(facts)));
    }
    if (spoils_capability_cache(facts)) {
        choice.warnings.push_back(cache_warning(facts));
    }
    return choice;
}

}  // namespace kata::libvirt_driver
