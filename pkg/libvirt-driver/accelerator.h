// KVM or software emulation: facts about the host (probed), and the decision (pure).
//
// /dev/kvm that opens is not enough. Without vmx or svm in the CPU flags a KVM may be there that
// creates a VM and then never runs its guest; and QEMU runs as a user of its own, whose right to
// open the device counts, not ours.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/libvirt-driver/qemu_user.h"
#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

struct KvmFacts {
    bool cpu_has_virtualization = false;  // vmx or svm among the flags
    bool device_exists = false;           // /dev/kvm
    bool usable_by_qemu = false;          // QEMU's user may open it for reading and writing
    std::string qemu_user;                // for messages
    std::string device_group;             // what /dev/kvm should belong to, for messages
};

/// @param root "/" or, in tests, a directory that holds proc/cpuinfo and dev/kvm.
/// @param user QEMU's. Another user's rights can only be tried as root; otherwise our own count.
[[nodiscard]] KvmFacts probe_kvm(const std::filesystem::path& root, const QemuUser& user);

struct AcceleratorChoice {
    sandbox::Accelerator accelerator = sandbox::Accelerator::tcg;  // never automatic
    std::vector<std::string> warnings;                             // one line each
};

/// @throws Error unsupported, with reason and remedy, if KVM is requested and cannot be used.
[[nodiscard]] AcceleratorChoice choose_accelerator(sandbox::Accelerator requested,
                                                   const KvmFacts& facts);

}  // namespace kata::libvirt_driver
