#include "cli/update_resources.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/support/expect_error.h"

namespace kata::cli {
namespace {

using nlohmann::json;

TEST(UpdateResources, OfNoFlagsChangeNothing) {
    EXPECT_EQ(json::parse(update_resources_json({})),
              json::parse(R"({"cpu":{},"memory":{},"pids":{}})"));
}

TEST(UpdateResources, HaveEveryFlagAtItsPlace) {
    UpdateFlags flags;
    flags.cpu_period = "100000";
    flags.cpu_quota = "-1";
    flags.cpu_burst = "10";
    flags.cpu_shares = "512";
    flags.cpu_idle = "0";
    flags.cpuset_cpus = "0-1";
    flags.cpuset_mems = "0";
    flags.memory = "512m";
    flags.memory_reservation = "1k";
    flags.memory_swap = "-1";
    flags.pids_limit = "99";
    EXPECT_EQ(json::parse(update_resources_json(flags)),
              json::parse(R"({"cpu":{"period":100000,"quota":-1,"burst":10,"shares":512,"idle":0,
                                     "cpus":"0-1","mems":"0"},
                              "memory":{"limit":536870912,"reservation":1024,"swap":-1},
                              "pids":{"limit":99}})"));
}

TEST(UpdateResources, NameTheFlagWhoseValueIsWrong) {
    UpdateFlags flags;
    flags.cpu_quota = "a lot";
    test::expect_error([&] { return update_resources_json(flags); },
                       base::ErrorCode::invalid_argument,
                       "invalid value for cpu-quota: \"a lot\"");
}

TEST(ParseBytes, UnderstandsUnits) {
    EXPECT_EQ(parse_bytes("-1"), -1);
    EXPECT_EQ(parse_bytes("4096"), 4096);
    EXPECT_EQ(parse_bytes("7b"), 7);
    EXPECT_EQ(parse_bytes("2K"), 2048);
    EXPECT_EQ(parse_bytes("1.5g"), std::int64_t{1536} << 20);
    EXPECT_EQ(parse_bytes("3MiB"), 3 << 20);
    EXPECT_EQ(parse_bytes("1tb"), std::int64_t{1} << 40);
}

TEST(ParseBytes, RefusesWhatIsNoSize) {
    for (const char* text : {"", "m", "-2", "1z", "1mm", "1 m", "9999999p", "0x10"}) {
        EXPECT_THROW((void)parse_bytes(text), base::Error) << text;
    }
}

}  // namespace
}  // namespace kata::cli
