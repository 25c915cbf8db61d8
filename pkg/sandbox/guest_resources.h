// GuestResources: what the guest can say of and do to the resources of its containers, and the part
// of the Agent port for it. Passive data; how it becomes runc's events is event.h's business.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pkg/base/deadline.h"

namespace kata::sandbox {

struct GuestBlockIo {
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    std::string operation;  // "Read", "Write", "Discard"
    std::uint64_t value = 0;
};

struct GuestNetworkCounters {
    std::string name;
    std::uint64_t rx_bytes = 0;
    std::uint64_t rx_packets = 0;
    std::uint64_t rx_errors = 0;
    std::uint64_t rx_dropped = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t tx_packets = 0;
    std::uint64_t tx_errors = 0;
    std::uint64_t tx_dropped = 0;
};

/// One container's counters in the guest's cgroup v2. Nanoseconds and bytes; a limit of 0 is none.
struct GuestStats {
    std::uint64_t cpu_total = 0;
    std::uint64_t cpu_user = 0;
    std::uint64_t cpu_system = 0;
    std::uint64_t throttling_periods = 0;
    std::uint64_t throttled_periods = 0;
    std::uint64_t throttled_time = 0;
    std::uint64_t memory_usage = 0;
    std::uint64_t memory_max_usage = 0;
    std::uint64_t memory_limit = 0;
    std::uint64_t memory_failures = 0;
    std::uint64_t swap_usage = 0;
    std::uint64_t swap_limit = 0;
    std::uint64_t kernel_usage = 0;
    std::map<std::string, std::uint64_t> memory_raw;  // memory.stat
    std::uint64_t pids_current = 0;
    std::uint64_t pids_limit = 0;
    std::uint64_t out_of_memory_kills = 0;
    std::vector<GuestBlockIo> io_bytes;
    std::vector<GuestBlockIo> io_operations;
    std::vector<GuestNetworkCounters> network;  // of the sandbox
};

struct GuestDetails {
    std::uint64_t memory_block_bytes = 0;  // plugged memory comes in multiples of it; 0: cannot be
    std::uint64_t memory_bytes = 0;        // MemTotal
    unsigned online_cpus = 0;
    unsigned present_cpus = 0;
};

/// Errors and deadlines as in agent.h.
class GuestResources {
  public:
    GuestResources() = default;
    GuestResources(const GuestResources&) = delete;
    GuestResources& operator=(const GuestResources&) = delete;
    GuestResources(GuestResources&&) = delete;
    GuestResources& operator=(GuestResources&&) = delete;
    virtual ~GuestResources() = default;

    /// The freezer of the container's cgroup.
    virtual void pause_container(const std::string& container_id, base::Deadline deadline) = 0;
    virtual void resume_container(const std::string& container_id, base::Deadline deadline) = 0;

    /// @param resources_json an OCI linux.resources object; what is absent stays as it is.
    virtual void update_container(const std::string& container_id,
                                  const std::string& resources_json,
                                  base::Deadline deadline) = 0;

    [[nodiscard]] virtual GuestStats container_stats(const std::string& container_id,
                                                     base::Deadline deadline) = 0;

    /// Brings CPUs on or off line, and plugged memory on line.
    /// @param cpus how many shall be online; 0: leave them.
    /// @param memory_mib wait until this much plugged memory is online; 0: leave it.
    /// @return CPUs online now.
    virtual unsigned online_cpu_memory(unsigned cpus,
                                       std::uint64_t memory_mib,
                                       base::Deadline deadline) = 0;

    [[nodiscard]] virtual GuestDetails guest_details(base::Deadline deadline) = 0;

    /// Waits until more than `seen` processes of the container were killed for want of memory.
    /// @return how many were.
    [[nodiscard]] virtual std::uint64_t next_oom(const std::string& container_id,
                                                 std::uint64_t seen,
                                                 base::Deadline deadline) = 0;

    virtual void set_date_time(std::chrono::system_clock::time_point now,
                               base::Deadline deadline) = 0;
};

}  // namespace kata::sandbox
