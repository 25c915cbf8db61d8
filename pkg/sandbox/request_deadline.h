// How long a guest may take for one request: what the configuration says, and several times that
// where software emulates the guest's CPUs.
#pragma once

#include <chrono>
#include <string>

#include "pkg/base/deadline.h"
#include "pkg/sandbox/config.h"

namespace kata::sandbox {

/// Whether the host has what KVM needs. The driver may still find that QEMU's user cannot use it.
/// @param cpu_info text of /proc/cpuinfo.
[[nodiscard]] bool may_have_kvm(const std::string& cpu_info, bool has_device);

[[nodiscard]] std::chrono::seconds request_timeout(const RuntimeConfig& config);

/// For one request to the agent, from now.
[[nodiscard]] base::Deadline request_deadline(const RuntimeConfig& config);

}  // namespace kata::sandbox
