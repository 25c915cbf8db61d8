// CpuMemory: the CPUs and the memory of this guest as the kernel shows them under
// /sys/devices/system, and the switches that bring them on and off line. What is plugged on the
// host is present here first, and used only when it is on line.
#pragma once

#include <cstdint>
#include <filesystem>

#include "pkg/base/deadline.h"

namespace kata::agent::guest {

class CpuMemory {
  public:
    /// Remembers how much memory is on line now: plugged memory counts from there.
    explicit CpuMemory(std::filesystem::path root = "/sys/devices/system");

    struct CpuCount {
        unsigned online = 0;
        unsigned present = 0;
    };
    [[nodiscard]] CpuCount cpus() const;

    /// 0: the kernel cannot have memory plugged.
    [[nodiscard]] std::uint64_t memory_block_bytes() const;

    /// Brings CPUs on line in their order, or off line from the last, until `count` are; more than
    /// are present means all. @return how many are on line then.
    /// @throws base::Error naming the CPU that refuses.
    unsigned set_online_cpus(unsigned count) const;

    /// Brings memory on line until `plugged_mib` more than at the beginning is, waiting for what
    /// has just been plugged. @throws base::Error timeout with what is missing.
    void online_memory(std::uint64_t plugged_mib, base::Deadline deadline) const;

  private:
    /// On line all that can be. @return bytes on line.
    [[nodiscard]] std::uint64_t online_all_memory() const;
    [[nodiscard]] std::uint64_t online_bytes() const;

    std::filesystem::path root_;
    std::uint64_t initial_bytes_;
};

}  // namespace kata::agent::guest
