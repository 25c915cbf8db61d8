#include "pkg/sandbox/resources.h"

#include <gtest/gtest.h>

namespace kata::sandbox {
namespace {

using nlohmann::json;

json merged(const char* stored, const char* change) {
    return merged_resources(json::parse(stored), json::parse(change));
}

json told(const char* stored, const char* change) {
    return guest_resources(merged(stored, change), json::parse(change));
}

TEST(MergedResources, KeepWhatTheChangeDoesNotName) {
    EXPECT_EQ(merged(R"({"cpu":{"shares":5,"quota":1},"devices":[1]})", R"({"cpu":{"quota":7}})"),
              json::parse(R"({"cpu":{"shares":5,"quota":7},"devices":[1]})"));
}

TEST(MergedResources, TakeZerosAndEmptyTextForNothing) {
    const char* stored =
        R"({"cpu":{"shares":5,"quota":1,"period":2,"cpus":"0"},"memory":{"limit":9},"pids":{"limit":3}})";
    // As docker writes a request that changes nothing.
    EXPECT_EQ(merged(stored,
                     R"({"cpu":{"shares":0,"quota":0,"period":0,"cpus":"","mems":"",
                         "realtimeRuntime":0},"memory":{"limit":0,"reservation":0,"swap":0,
                         "kernel":0},"blockIO":{"weight":0},"pids":{"limit":0}})"),
              json::parse(stored));
}

TEST(MergedResources, TakeIdleAndBurstAsTheyAre) {
    EXPECT_EQ(merged(R"({"cpu":{"idle":1,"burst":5}})", R"({"cpu":{"idle":0,"burst":0}})"),
              json::parse(R"({"cpu":{"idle":0,"burst":0}})"));
}

TEST(MergedResources, OfNothingAreTheChange) {
    EXPECT_EQ(merged("null", R"({"memory":{"limit":1},"unified":{"memory.high":"5"}})"),
              json::parse(R"({"memory":{"limit":1},"unified":{"memory.high":"5"}})"));
}

TEST(GuestResources, NameOnlyWhatChanges) {
    EXPECT_EQ(told(R"({"cpu":{"shares":5},"memory":{"limit":9}})", R"({"pids":{"limit":4}})"),
              json::parse(R"({"pids":{"limit":4}})"));
    EXPECT_EQ(told(R"({"cpu":{"shares":5}})", "{}"), json::object());
}

TEST(GuestResources, NameWithAValueTheOneItBelongsTo) {
    EXPECT_EQ(told(R"({"cpu":{"quota":1,"period":50000}})", R"({"cpu":{"quota":7,"period":0}})"),
              json::parse(R"({"cpu":{"quota":7,"period":50000}})"));
    EXPECT_EQ(told(R"({"memory":{"limit":1,"swap":20}})", R"({"memory":{"limit":10}})"),
              json::parse(R"({"memory":{"limit":10,"swap":20}})"));
}

TEST(GuestResources, LeaveOutTheCpusOfTheHost) {
    EXPECT_EQ(told("{}", R"({"cpu":{"cpus":"0-1","mems":"0","shares":9}})"),
              json::parse(R"({"cpu":{"shares":9}})"));
}

}  // namespace
}  // namespace kata::sandbox
