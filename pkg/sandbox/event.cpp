#include "pkg/sandbox/event.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include <nlohmann/json.hpp>

namespace kata::sandbox {
namespace {

using Json = nlohmann::ordered_json;

// runc leaves out most numbers that are 0.
void put(Json& object, const char* name, std::uint64_t value) {
    if (value != 0) {
        object[name] = value;
    }
}

std::uint64_t limit_of(std::uint64_t limit) {
    return limit == 0 ? std::numeric_limits<std::uint64_t>::max() : limit;
}

Json cpu_json(const GuestStats& stats) {
    Json usage = Json::object();
    put(usage, "total", stats.cpu_total);
    usage["kernel"] = stats.cpu_system;
    usage["user"] = stats.cpu_user;
    Json throttling = Json::object();
    put(throttling, "periods", stats.throttling_periods);
    put(throttling, "throttledPeriods", stats.throttled_periods);
    put(throttling, "throttledTime", stats.throttled_time);
    return {{"usage", usage}, {"throttling", throttling}};
}

// Of the container's processes in the guest nothing is known that belongs here; runc writes these
// zeros on cgroup v2.
Json cpuset_json() {
    Json cpuset = Json::object();
    for (const char* name : {"cpu_exclusive",
                             "mem_hardwall",
                             "mem_exclusive",
                             "memory_migrate",
                             "memory_spread_page",
                             "memory_spread_slab",
                             "memory_pressure",
                             "sched_load_balance",
                             "sched_relax_domain_level"}) {
        cpuset[name] = 0;
    }
    return cpuset;
}

struct MemoryEntry {
    std::uint64_t limit = 0;
    std::uint64_t usage = 0;
    std::uint64_t max = 0;
    std::uint64_t failures = 0;
};

Json memory_entry(const MemoryEntry& entry) {
    Json object = Json::object();
    object["limit"] = entry.limit;
    put(object, "usage", entry.usage);
    put(object, "max", entry.max);
    object["failcnt"] = entry.failures;
    return object;
}

Json memory_json(const GuestStats& stats) {
    Json memory = Json::object();
    const auto cache = stats.memory_raw.find("file");
    put(memory, "cache", cache == stats.memory_raw.end() ? 0 : cache->second);
    memory["usage"] = memory_entry({limit_of(stats.memory_limit),
                                    stats.memory_usage,
                                    stats.memory_max_usage,
                                    stats.memory_failures});
    memory["swap"] = memory_entry({limit_of(stats.swap_limit), stats.swap_usage, 0, 0});
    memory["kernel"] = memory_entry({0, stats.kernel_usage, 0, 0});
    memory["kernelTCP"] = memory_entry({});
    if (!stats.memory_raw.empty()) {
        memory["raw"] = stats.memory_raw;
    }
    return memory;
}

Json io_json(const std::vector<GuestBlockIo>& entries) {
    Json list = Json::array();
    for (const GuestBlockIo& entry : entries) {
        Json object = Json::object();
        put(object, "major", entry.major);
        put(object, "minor", entry.minor);
        object["op"] = entry.operation;
        put(object, "value", entry.value);
        list.push_back(object);
    }
    return list;
}

Json block_io_json(const GuestStats& stats) {
    Json io = Json::object();
    if (!stats.io_bytes.empty()) {
        io["ioServiceBytesRecursive"] = io_json(stats.io_bytes);
    }
    if (!stats.io_operations.empty()) {
        io["ioServicedRecursive"] = io_json(stats.io_operations);
    }
    return io;
}

Json network_json(const GuestStats& stats) {
    if (stats.network.empty()) {
        return nullptr;
    }
    Json list = Json::array();
    for (const GuestNetworkCounters& counters : stats.network) {
        list.push_back({{"Name", counters.name},
                        {"RxBytes", counters.rx_bytes},
                        {"RxPackets", counters.rx_packets},
                        {"RxErrors", counters.rx_errors},
                        {"RxDropped", counters.rx_dropped},
                        {"TxBytes", counters.tx_bytes},
                        {"TxPackets", counters.tx_packets},
                        {"TxErrors", counters.tx_errors},
                        {"TxDropped", counters.tx_dropped}});
    }
    return list;
}

Json pids_json(const GuestStats& stats) {
    Json pids = Json::object();
    put(pids, "current", stats.pids_current);
    put(pids, "limit", stats.pids_limit);
    return pids;
}

// Names in it come from the guest.
std::string line_of(const Json& event) {
    return event.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string stats_event(const oci::ContainerId& id, const GuestStats& stats) {
    Json data = Json::object();
    data["cpu"] = cpu_json(stats);
    data["cpuset"] = cpuset_json();
    data["memory"] = memory_json(stats);
    data["pids"] = pids_json(stats);
    data["blkio"] = block_io_json(stats);
    data["hugetlb"] = nullptr;
    data["intel_rdt"] = Json::object();
    data["network_interfaces"] = network_json(stats);
    Json event = Json::object();
    event["type"] = "stats";
    event["id"] = id.str();
    event["data"] = data;
    return line_of(event);
}

std::uint64_t kills_to_tell(std::uint64_t before, std::uint64_t now) {
    constexpr std::uint64_t kMost = 100;
    return now > before ? std::min(now - before, kMost) : 0;
}

std::string out_of_memory_event(const oci::ContainerId& id) {
    Json event = Json::object();
    event["type"] = "oom";
    event["id"] = id.str();
    return line_of(event);
}

}  // namespace kata::sandbox
