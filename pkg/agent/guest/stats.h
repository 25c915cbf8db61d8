// The counters of a container, read from the guest's cgroup v2 files, and those of the sandbox's
// network. A file that does not exist (a controller that the kernel lacks) counts as zeros.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "agent.pb.h"

#include "pkg/agent/guest/cgroup.h"

namespace kata::agent::guest {

/// "name value" lines. What is no number is left out.
[[nodiscard]] std::map<std::string, std::uint64_t> parse_counters(const std::string& text);

/// @param text of io.stat: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6".
void add_io(const std::string& text, v1::StatsContainerResponse& stats);

/// @param text of /proc/net/dev. Not the loopback.
void add_network(const std::string& text, v1::StatsContainerResponse& stats);

/// Everything known of the group and of this network namespace.
/// @throws base::Error invalid_state if there is no such group.
[[nodiscard]] v1::StatsContainerResponse read_stats(const Cgroup& cgroup);

/// How often the kernel has killed a process of the group, or below it, for want of memory.
[[nodiscard]] std::uint64_t out_of_memory_kills(const Cgroup& cgroup);

}  // namespace kata::agent::guest
