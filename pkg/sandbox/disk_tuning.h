// What the configuration says about disks, as the hypervisor's port takes it. Pure functions.
#pragma once

#include <cstddef>

#include "pkg/sandbox/config.h"
#include "pkg/sandbox/vm_disk.h"

namespace kata::sandbox {

/// Threads of QEMU that serve disks.
[[nodiscard]] unsigned disk_iothreads(const RuntimeConfig& config);

/// @param number of the disk in its VM: disks take turns on the threads.
/// @throws base::Error invalid_argument for settings that exclude each other.
[[nodiscard]] DiskTuning disk_tuning(const RuntimeConfig& config, std::size_t number);

}  // namespace kata::sandbox
