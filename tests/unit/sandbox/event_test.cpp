#include "pkg/sandbox/event.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kata::sandbox {
namespace {

using nlohmann::json;

const oci::ContainerId kId("web");

json data_of(const GuestStats& stats) {
    return json::parse(stats_event(kId, stats)).at("data");
}

TEST(StatsEvent, IsOneLineWithTypeAndId) {
    const std::string line = stats_event(kId, {});
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_TRUE(line.starts_with(R"({"type":"stats","id":"web","data":{)")) << line;
}

// The keys that runc 1.1 writes for a container that has done nothing.
TEST(StatsEvent, HasTheKeysOfRunc) {
    EXPECT_EQ(data_of({}), json::parse(R"({"cpu":{"usage":{"kernel":0,"user":0},"throttling":{}},
                  "cpuset":{"cpu_exclusive":0,"mem_hardwall":0,"mem_exclusive":0,"memory_migrate":0,
                    "memory_spread_page":0,"memory_spread_slab":0,"memory_pressure":0,
                    "sched_load_balance":0,"sched_relax_domain_level":0},
                  "memory":{"usage":{"limit":18446744073709551615,"failcnt":0},
                    "swap":{"limit":18446744073709551615,"failcnt":0},
                    "kernel":{"limit":0,"failcnt":0},"kernelTCP":{"limit":0,"failcnt":0}},
                  "pids":{},"blkio":{},"hugetlb":null,"intel_rdt":{},"network_interfaces":null})"));
}

TEST(StatsEvent, HasEveryNumberAtItsPlace) {
    GuestStats stats;
    stats.cpu_total = 10;
    stats.cpu_user = 6;
    stats.cpu_system = 4;
    stats.throttling_periods = 3;
    stats.throttled_periods = 2;
    stats.throttled_time = 1;
    stats.memory_usage = 100;
    stats.memory_max_usage = 200;
    stats.memory_limit = 300;
    stats.memory_failures = 4;
    stats.memory_raw = {{"file", 50}};
    stats.kernel_usage = 7;
    stats.pids_current = 2;
    stats.pids_limit = 9;
    const json data = data_of(stats);
    EXPECT_EQ(data["cpu"], json::parse(R"({"usage":{"total":10,"kernel":4,"user":6},
                              "throttling":{"periods":3,"throttledPeriods":2,"throttledTime":1}})"));
    EXPECT_EQ(data["memory"]["usage"],
              json::parse(R"({"limit":300,"usage":100,"max":200,"failcnt":4})"));
    EXPECT_EQ(data["memory"]["cache"], 50);
    EXPECT_EQ(data["memory"]["raw"], json::parse(R"({"file":50})"));
    EXPECT_EQ(data["memory"]["kernel"]["usage"], 7);
    EXPECT_EQ(data["pids"], json::parse(R"({"current":2,"limit":9})"));
}

TEST(StatsEvent, ListsBlockDevicesAndInterfaces) {
    GuestStats stats;
    stats.io_bytes = {{8, 0, "Read", 5}};
    stats.io_operations = {{8, 0, "Read", 1}};
    stats.network = {{"eth0", 1, 2, 3, 4, 5, 6, 7, 8}};
    const json data = data_of(stats);
    EXPECT_EQ(data["blkio"],
              json::parse(R"({"ioServiceBytesRecursive":[{"major":8,"op":"Read","value":5}],
                              "ioServicedRecursive":[{"major":8,"op":"Read","value":1}]})"));
    EXPECT_EQ(data["network_interfaces"],
              json::parse(R"([{"Name":"eth0","RxBytes":1,"RxPackets":2,"RxErrors":3,"RxDropped":4,
                               "TxBytes":5,"TxPackets":6,"TxErrors":7,"TxDropped":8}])"));
}

TEST(StatsEvent, SurvivesNamesOfTheGuestThatAreNoText) {
    GuestStats stats;
    stats.memory_raw = {{"\xff\n", 1}};
    const std::string line = stats_event(kId, stats);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_TRUE(json::accept(line));
}

TEST(OutOfMemoryEvent, IsToldForEveryKillAndForNoMoreThanAHundred) {
    EXPECT_EQ(kills_to_tell(0, 0), 0U);
    EXPECT_EQ(kills_to_tell(2, 5), 3U);
    EXPECT_EQ(kills_to_tell(5, 2), 0U);
    EXPECT_EQ(kills_to_tell(1, std::numeric_limits<std::uint64_t>::max()), 100U);
}

TEST(OutOfMemoryEvent, IsAsRuncWritesIt) {
    EXPECT_EQ(out_of_memory_event(kId), "{\"type\":\"oom\",\"id\":\"web\"}\n");
}

}  // namespace
}  // namespace kata::sandbox
