#include "pkg/host/facts.h"

#include <algorithm>
#include <cerrno>

namespace kata::host {

bool Processor::has(const std::string& flag) const {
    return std::ranges::find(flags, flag) != flags.end();
}

const Module& Host::module(const std::string& name) const {
    static const Module kAbsent;
    const auto found = modules.find(name);
    return found == modules.end() ? kAbsent : found->second;
}

// The driver decides by the same rules when a VM starts (pkg/libvirt-driver/accelerator.h).
AccelerationChoice choose_acceleration(const Host& host) {
    if (host.wanted.acceleration == Acceleration::tcg) {
        return {Acceleration::tcg, "the configuration says so"};
    }
    if (!host.processor.virtualizes()) {
        return {Acceleration::tcg, "the CPU offers neither vmx nor svm"};
    }
    if (!host.kvm.exists) {
        return {Acceleration::tcg, "/dev/kvm does not exist"};
    }
    if (host.kvm.open_error == EPERM) {
        return {Acceleration::tcg, "/dev/kvm may not be used in this container"};
    }
    if (!host.kvm.usable_by_qemu) {
        return {Acceleration::tcg, "QEMU's user " + host.qemu_user.name + " may not open /dev/kvm"};
    }
    return {Acceleration::kvm,
            "the CPU has " + std::string(host.processor.has("vmx") ? "vmx" : "svm") +
                " and QEMU's user " + host.qemu_user.name + " may open /dev/kvm"};
}

}  // namespace kata::host
