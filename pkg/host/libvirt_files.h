// What the host's files say of libvirt and QEMU: which daemon runs and how, whether it sees mounts
// made here, what it has written down about QEMU. libvirt itself is not asked.
#pragma once

#include "pkg/host/facts.h"
#include "pkg/host/roots.h"

namespace kata::host {

/// Whether mounts made below / reach other mount namespaces (/proc/self/mountinfo).
[[nodiscard]] bool probe_root_is_shared(const Roots& roots);

/// From /usr/sbin and the running processes.
[[nodiscard]] Daemon probe_daemon(const Roots& roots);

/// The QEMU that libvirt would choose; `wanted` if it is not empty and exists. Empty: none.
[[nodiscard]] std::filesystem::path probe_emulator(const Roots& roots,
                                                   const std::filesystem::path& wanted);

/// The virtiofsd that libvirt finds through QEMU's vhost-user descriptions. Empty: none.
[[nodiscard]] std::filesystem::path probe_virtiofsd(const Roots& roots);

/// Whether what libvirt wrote down about `emulator` is still true, by the times it compares itself.
[[nodiscard]] CapabilityCache probe_capability_cache(const Roots& roots,
                                                     const std::filesystem::path& emulator);

}  // namespace kata::host
