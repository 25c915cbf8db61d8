#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/agent/guest/cgroup_limits.h"
#include "pkg/agent/guest/clock.h"
#include "pkg/agent/guest/cpu_memory.h"
#include "pkg/agent/guest/freezer.h"
#include "pkg/agent/guest/oom.h"
#include "pkg/agent/guest/stats.h"
#include "pkg/base/error.h"
#include "tests/unit/agent/guest_support.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::agent::guest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::content_of;
using test::TemporaryDirectory;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Stats, AreReadFromTheFilesOfAGroup) {
    const TemporaryDirectory group;
    group.write("cpu.stat",
                "usage_usec 30\nuser_usec 20\nsystem_usec 10\nnr_periods 5\nnr_throttled 4\n"
                "throttled_usec 3\n");
    group.write("memory.current", "1000\n");
    group.write("memory.peak", "2000\n");
    group.write("memory.max", "3000\n");
    group.write("memory.swap.max", "max\n");
    group.write("memory.events", "low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\n");
    group.write("memory.stat", "anon 11\nfile 22\nkernel 33\n");
    group.write("pids.current", "4\n");
    group.write("pids.max", "max\n");
    const auto stats = read_stats(Cgroup(group.path()));
    EXPECT_EQ(stats.cpu_total(), 30000U);
    EXPECT_EQ(stats.cpu_user(), 20000U);
    EXPECT_EQ(stats.cpu_system(), 10000U);
    EXPECT_EQ(stats.throttling_periods(), 5U);
    EXPECT_EQ(stats.throttled_periods(), 4U);
    EXPECT_EQ(stats.throttled_time(), 3000U);
    EXPECT_EQ(stats.memory_usage(), 1000U);
    EXPECT_EQ(stats.memory_max_usage(), 2000U);
    EXPECT_EQ(stats.memory_limit(), 3000U);
    EXPECT_EQ(stats.swap_limit(), 0U);
    EXPECT_EQ(stats.memory_failures(), 7U);
    EXPECT_EQ(stats.out_of_memory_kills(), 1U);
    EXPECT_EQ(stats.kernel_usage(), 33U);
    EXPECT_EQ(stats.memory_raw().at("file"), 22U);
    EXPECT_EQ(stats.pids_current(), 4U);
    EXPECT_EQ(stats.pids_limit(), 0U);
}

TEST(Stats, AreZeroWhereTheKernelHasNoFile) {
    const TemporaryDirectory group;
    EXPECT_EQ(read_stats(Cgroup(group.path())).memory_usage(), 0U);
}

TEST(Stats, AreNotToBeHadOfAGroupThatIsGone) {
    const TemporaryDirectory tree;
    EXPECT_THROW((void)read_stats(Cgroup()), base::Error);
    EXPECT_THROW((void)read_stats(Cgroup(tree / "gone")), base::Error);
}

TEST(Stats, HaveThreeOperationsForEachDevice) {
    v1::StatsContainerResponse stats;
    add_io("8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\nnonsense\n", stats);
    ASSERT_EQ(stats.io_bytes_size(), 3);
    EXPECT_EQ(stats.io_bytes(1).major(), 8U);
    EXPECT_EQ(stats.io_bytes(1).minor(), 16U);
    EXPECT_EQ(stats.io_bytes(1).operation(), "Write");
    EXPECT_EQ(stats.io_bytes(1).value(), 2U);
    EXPECT_EQ(stats.io_operations(2).operation(), "Discard");
    EXPECT_EQ(stats.io_operations(2).value(), 6U);
}

TEST(Stats, HaveEveryInterfaceButTheLoopback) {
    v1::StatsContainerResponse stats;
    add_network(
        "Inter-|   Receive                    |  Transmit\n"
        " face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop\n"
        "    lo:  9 9 9 9 0 0 0 0 9 9 9 9 0 0 0 0\n"
        "  eth0:  1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n",
        stats);
    ASSERT_EQ(stats.network_size(), 1);
    const v1::NetworkCounters& counters = stats.network(0);
    EXPECT_EQ(counters.name(), "eth0");
    EXPECT_EQ(counters.rx_bytes(), 1U);
    EXPECT_EQ(counters.rx_dropped(), 4U);
    EXPECT_EQ(counters.tx_bytes(), 5U);
    EXPECT_EQ(counters.tx_dropped(), 8U);
}

TEST(CgroupSettings, OfNothingOrZerosAreNone) {
    EXPECT_THAT(cgroup_settings("{}"), IsEmpty());
    EXPECT_THAT(cgroup_settings(R"({"cpu":{"shares":0,"quota":0,"period":0},
                                    "memory":{"limit":0,"swap":0},"pids":{"limit":0}})"),
                IsEmpty());
}

TEST(CgroupSettings, AreTheFilesOfV2) {
    EXPECT_THAT(cgroup_settings(R"({"cpu":{"shares":1024,"quota":50000,"period":100000,"idle":0},
                                    "pids":{"limit":-1}})"),
                ElementsAre(CgroupSetting{"cpu.idle", "0", true},
                            CgroupSetting{"cpu.weight", "39", false},
                            CgroupSetting{"cpu.max", "50000 100000", false},
                            CgroupSetting{"pids.max", "max", false}));
}

TEST(CgroupSettings, TakeSwapAsWhatIsBeyondMemory) {
    EXPECT_THAT(cgroup_settings(R"({"memory":{"limit":100,"swap":150,"reservation":50}})"),
                ElementsAre(CgroupSetting{"memory.swap.max", "50", true},
                            CgroupSetting{"memory.max", "100", false},
                            CgroupSetting{"memory.low", "50", false}));
    EXPECT_THAT(cgroup_settings(R"({"memory":{"limit":-1,"swap":-1}})"),
                ElementsAre(CgroupSetting{"memory.swap.max", "max", true},
                            CgroupSetting{"memory.max", "max", false}));
}

TEST(CgroupSettings, RefuseAFileElsewhere) {
    for (const char* json : {R"({"unified":{"../x.y":"1"}})",
                             R"({"unified":{"tasks":"1"}})",
                             R"({"unified":{"a.b":1}})",
                             "[]",
                             "x"}) {
        EXPECT_THROW((void)cgroup_settings(json), base::Error) << json;
    }
}

TEST(ApplySettings, NamesTheFileThatIsMissingUnlessItMayBe) {
    const TemporaryDirectory group;
    group.write("pids.max", "");
    apply_settings(Cgroup(group.path()),
                   {{"memory.swap.max", "1", true}, {"pids.max", "9", false}});
    EXPECT_EQ(content_of(group / "pids.max"), "9");
    test::expect_error(
        [&] {
            apply_settings(Cgroup(group.path()), {{"cpu.max", "1 2", false}});
            return 0;
        },
        base::ErrorCode::not_found,
        "cpu.max");
}

TEST(Freezer, WaitsUntilTheGroupSaysThatItIsFrozen) {
    const TemporaryDirectory group;
    group.write("cgroup.freeze", "");
    group.write("cgroup.events", "populated 1\nfrozen 0\n");
    std::thread kernel([&] {
        while (content_of(group / "cgroup.freeze") != "1") {
            std::this_thread::sleep_for(milliseconds(1));
        }
        group.write("cgroup.events", "populated 1\nfrozen 1\n");
    });
    EXPECT_NO_THROW(set_frozen(Cgroup(group.path()), true, base::Deadline::after(seconds(30))));
    kernel.join();
}

TEST(Freezer, LetsAGroupGoOnThatCannotBeStopped) {
    const TemporaryDirectory group;
    group.write("cgroup.freeze", "");
    group.write("cgroup.events", "populated 1\nfrozen 0\n");
    test::expect_error(
        [&] {
            set_frozen(Cgroup(group.path()), true, base::Deadline::after(milliseconds(5)));
            return 0;
        },
        base::ErrorCode::timeout,
        "cannot be stopped");
    EXPECT_EQ(content_of(group / "cgroup.freeze"), "0");
}

class CpuMemoryTest : public testing::Test {
  protected:
    CpuMemoryTest() {
        tree_.write("cpu/cpu0/topology/x", "");
        for (const char* cpu : {"cpu1", "cpu2", "cpu10"}) {
            tree_.write(std::string("cpu/") + cpu + "/online", "0\n");
        }
        tree_.write("cpu/cpufreq/x", "");
        tree_.write("memory/block_size_bytes", "8000000\n");
        tree_.write("memory/memory0/state", "online\n");
    }
    std::string state(const std::string& name) { return content_of(tree_ / name); }

    TemporaryDirectory tree_;
};

TEST_F(CpuMemoryTest, CountsCpusThatHaveNoSwitchAsOnline) {
    const CpuMemory machine(tree_.path());
    EXPECT_EQ(machine.cpus().online, 1U);
    EXPECT_EQ(machine.cpus().present, 4U);
    EXPECT_EQ(machine.memory_block_bytes(), std::uint64_t{128} << 20);
}

TEST_F(CpuMemoryTest, BringsCpusOnlineFromTheFirstAndOfflineFromTheLast) {
    const CpuMemory machine(tree_.path());
    EXPECT_EQ(machine.set_online_cpus(3), 3U);
    EXPECT_TRUE(state("cpu/cpu1/online").starts_with("1"));
    EXPECT_TRUE(state("cpu/cpu2/online").starts_with("1"));
    EXPECT_TRUE(state("cpu/cpu10/online").starts_with("0"));
    EXPECT_EQ(machine.set_online_cpus(2), 2U);
    EXPECT_TRUE(state("cpu/cpu1/online").starts_with("1"));
    EXPECT_TRUE(state("cpu/cpu2/online").starts_with("0"));
}

TEST_F(CpuMemoryTest, GivesAllThereAreAndNeverLessThanOne) {
    const CpuMemory machine(tree_.path());
    EXPECT_EQ(machine.set_online_cpus(99), 4U);
    EXPECT_EQ(machine.set_online_cpus(1), 1U);
}

TEST_F(CpuMemoryTest, BringsPluggedMemoryOnlineWhenItHasCome) {
    const CpuMemory machine(tree_.path());
    std::thread plug([&] {
        std::this_thread::sleep_for(milliseconds(20));
        tree_.write("memory/memory8/state", "offline\n");
    });
    EXPECT_NO_THROW(machine.online_memory(128, base::Deadline::after(seconds(30))));
    plug.join();
    EXPECT_TRUE(state("memory/memory8/state").starts_with("online"));
}

TEST_F(CpuMemoryTest, SaysHowMuchMemoryDoesNotCome) {
    const CpuMemory machine(tree_.path());
    test::expect_error(
        [&] {
            machine.online_memory(256, base::Deadline::after(milliseconds(1)));
            return 0;
        },
        base::ErrorCode::timeout,
        "256 MiB");
}

/// A clock that is `off` the real-time clock, which goes on with the real one.
class FakeClock {
  public:
    explicit FakeClock(milliseconds off) : off_(off) {}
    ClockSources sources() {
        using std::chrono::system_clock;
        return {[] { return std::chrono::floor<seconds>(system_clock::now()); },
                [this] { return system_clock::now() + off_; },
                [this](SystemTime time) {
                    ++sets_;
                    off_ = std::chrono::duration_cast<milliseconds>(time - system_clock::now());
                }};
    }
    [[nodiscard]] int sets() const { return sets_; }
    [[nodiscard]] milliseconds off() const { return off_; }

  private:
    milliseconds off_;
    int sets_ = 0;
};

TEST(ClockKeeper, SetsAClockThatHasStoodStill) {
    for (const milliseconds off : {milliseconds(-5000), milliseconds(5000)}) {
        FakeClock clock(off);
        ClockKeeper keeper(clock.sources());
        keeper.correct();
        EXPECT_EQ(clock.sets(), 1);
        EXPECT_LT(std::chrono::abs(clock.off()), seconds(1));
        keeper.correct();
        EXPECT_EQ(clock.sets(), 1);
    }
}

TEST(ClockKeeper, LeavesAClockThatIsRight) {
    FakeClock clock(milliseconds(0));
    ClockKeeper(clock.sources()).correct();
    EXPECT_EQ(clock.sets(), 0);
}

TEST(ClockKeeper, LeavesAClockWhereThereIsNoOther) {
    FakeClock clock(seconds(-100));
    ClockSources sources = clock.sources();
    sources.real_time_clock = []() -> SystemTime {
        throw base::Error(base::ErrorCode::not_found, "no clock");
    };
    ClockKeeper(sources).correct();
    EXPECT_EQ(clock.sets(), 0);
}

class OomEventsTest : public ::testing::Test {
  protected:
    OomEventsTest() {
        group_.write("memory.events", "oom 0\noom_kill 0\n");
        thread_.run([&] {
            events_ = std::make_unique<OomEvents>(thread_.loop);
            events_->watch("web", Cgroup(group_.path()));
        });
    }
    void TearDown() override {
        thread_.run([&] { events_.reset(); });
    }

    void wait_for_more_than(std::uint64_t seen, const std::string& container = "web") {
        thread_.run(
            [&] { events_->wait(container, seen, [&](std::uint64_t kills) { told_ = kills; }); });
    }
    [[nodiscard]] std::uint64_t told_in_the_end() const {
        for (int i = 0; i < 3000 && told_ == 0; ++i) {
            std::this_thread::sleep_for(milliseconds(10));
        }
        return told_;
    }

    const TemporaryDirectory group_;
    LoopThread thread_;
    std::unique_ptr<OomEvents> events_;
    std::atomic<std::uint64_t> told_ = 0;
};

TEST_F(OomEventsTest, TellOfKillsAndOfNothingElse) {
    wait_for_more_than(0);
    group_.write("memory.events", "max 5\noom_kill 0\n");
    thread_.run([] {});
    EXPECT_EQ(told_, 0U);
    group_.write("memory.events", "max 5\noom_kill 1\n");
    EXPECT_EQ(told_in_the_end(), 1U);
}

TEST_F(OomEventsTest, TellAtOnceOfAKillThatCameWhileNobodyWaited) {
    group_.write("memory.events", "oom_kill 3\n");
    wait_for_more_than(3);
    EXPECT_EQ(told_, 0U);
    wait_for_more_than(2);
    EXPECT_EQ(told_, 3U);
}

TEST_F(OomEventsTest, TellNobodyOfAnotherContainer) {
    wait_for_more_than(0, "other");
    group_.write("memory.events", "oom_kill 1\n");
    wait_for_more_than(0, "another");
    EXPECT_EQ(told_, 0U);
    wait_for_more_than(0);
    EXPECT_EQ(told_, 1U);
}

}  // namespace
}  // namespace kata::agent::guest
