// What the host's CPU says of hardware virtualization. Whether QEMU's user can use KVM is the
// hypervisor's to find out.
#pragma once

#include <string>

namespace kata::sandbox {

/// @param cpuinfo text of /proc/cpuinfo. @return whether a CPU's flags have vmx or svm.
[[nodiscard]] bool has_virtualization_flag(const std::string& cpuinfo);

}  // namespace kata::sandbox
