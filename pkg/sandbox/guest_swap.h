// GuestSwap: memory of a guest beyond its RAM. A file of the host that its VM starts with as one
// more disk, and that the agent makes the guest's swap space. The file has no content of its own
// and goes with the sandbox.
#pragma once

#include <cstdint>

#include "pkg/sandbox/agent.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/disk_plan.h"
#include "pkg/sandbox/hypervisor.h"
#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/state_store.h"

namespace kata::sandbox {

/// What the guest finds the disk by.
inline constexpr const char* kSwapSerial = "kataswap";

/// guest_swap_size_percent of the memory that the VM starts with, in whole MiB, at least one.
[[nodiscard]] std::uint64_t guest_swap_bytes(const RuntimeConfig& config, std::uint64_t memory_mib);

/// Makes the file, which takes no space before the guest swaps, for `user` to open.
/// @param journal gets its directory before that is made.
/// @throws base::Error by errno; unsupported if the configuration allows no disks.
[[nodiscard]] PlannedDisk make_guest_swap(const RuntimeConfig& config,
                                          const ContainerPlace& place,
                                          std::uint64_t memory_mib,
                                          const VmUser& user,
                                          Journal& journal);

/// What the agent is to use as swap space.
[[nodiscard]] GuestStorage guest_swap_storage(const RuntimeConfig& config);

}  // namespace kata::sandbox
