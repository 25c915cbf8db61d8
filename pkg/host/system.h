// What kind of machine this is: processor, memory, kernel, distribution, cgroups, security modules.
// Pure readings of files; what is not there leaves its fields empty.
#pragma once

#include "pkg/host/facts.h"
#include "pkg/host/roots.h"

namespace kata::host {

[[nodiscard]] Processor probe_processor(const Roots& roots);        // /proc/cpuinfo
[[nodiscard]] Memory probe_memory(const Roots& roots);              // /proc/meminfo
[[nodiscard]] Distribution probe_distribution(const Roots& roots);  // os-release in /etc, /usr/lib
[[nodiscard]] std::string probe_kernel(const Roots& roots);         // /proc/sys/kernel/osrelease
/// /proc/sys/kernel/arch (Linux 6.1 and newer), else that of this program's own system.
[[nodiscard]] std::string probe_architecture(const Roots& roots);
[[nodiscard]] Cgroups probe_cgroups(const Roots& roots);    // mounts and /proc/cgroups
[[nodiscard]] Security probe_security(const Roots& roots);  // /sys/fs/selinux, /sys/module/apparmor

}  // namespace kata::host
