// Memory that the guest gives to pods: volumes of it, and pools of huge pages.
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <iostream>

#include <gtest/gtest.h>

#include "pkg/agent/guest/huge_pages.h"
#include "pkg/agent/guest/pod_volumes.h"
#include "pkg/base/file.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::agent::guest {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json spec_with(const std::string& source, const std::string& type, const json& options) {
    return {{"mounts",
             {{{"destination", "/cache"},
               {"type", type},
               {"source", source},
               {"options", {"rbind", "ro"}},
               {"volumeOptions", options}}}}};
}

TEST(PodVolumes, TakeNoNameThatLeadsElsewhereAndNoOtherType) {
    PodVolumes volumes("/nonexistent");
    for (const std::string key : {"", "..", "a/b", "A"}) {
        json spec = spec_with("pod-volume:" + key, "tmpfs", json::array());
        EXPECT_THROW(volumes.attach(spec), base::Error) << key;
    }
    json spec = spec_with("pod-volume:7-8", "ext4", json::array());
    test::expect_error([&] { volumes.attach(spec); },
                       base::ErrorCode::invalid_argument,
                       "\"ext4\" is no file system in memory");
}

TEST(PodVolumes, LeaveOtherMountsAlone) {
    PodVolumes volumes("/nonexistent");
    const json before{{"mounts", {{{"destination", "/tmp"}, {"type", "tmpfs"}}, 7}}};
    json spec = before;
    volumes.attach(spec);
    EXPECT_EQ(spec, before);
}

// In a child with a mount namespace of its own. True if `check` returned true.
bool in_mount_namespace(const std::function<bool()>& check) {
    const pid_t child = ::fork();
    if (child == 0) {
        bool passed = false;
        try {
            passed = ::unshare(CLONE_NEWNS) == 0 &&
                     ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 && check();
        } catch (const std::exception& error) {
            std::cerr << "thrown: " << error.what() << '\n';
        }
        ::_exit(passed ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(PodVolumes, AreMountedOnceAndBoundForEveryContainer) {
    const test::TemporaryDirectory directory;
    EXPECT_TRUE(in_mount_namespace([&] {
        PodVolumes volumes(directory.path());
        const json options{"size=64k", "mode=2770", "uid=5", "gid=6"};
        const json wanted = {{"destination", "/cache"},
                             {"type", "bind"},
                             {"source", (directory.path() / "7-8").native()},
                             {"options", {"rbind", "ro"}}};
        for (const char* text : {"first", "second"}) {
            json spec = spec_with("pod-volume:7-8", "tmpfs", options);
            volumes.attach(spec);
            if (spec["mounts"][0] != wanted) {
                return false;
            }
            base::write_file_atomically(directory.path() / "7-8" / text, text);
        }
        struct statfs file_system {};
        struct stat status {};
        const fs::path volume = directory.path() / "7-8";
        return ::statfs(volume.c_str(), &file_system) == 0 && file_system.f_type == TMPFS_MAGIC &&
               file_system.f_blocks * static_cast<std::uint64_t>(file_system.f_bsize) == 65536 &&
               ::stat(volume.c_str(), &status) == 0 && (status.st_mode & 07777U) == 02770 &&
               status.st_uid == 5 && status.st_gid == 6 && fs::exists(volume / "first");
    }));
}

TEST(PodVolumes, SayWhatCouldNotBeMountedForWhichVolume) {
    const test::TemporaryDirectory directory;
    EXPECT_TRUE(in_mount_namespace([&] {
        PodVolumes volumes(directory.path());
        json spec = spec_with("pod-volume:7-8", "tmpfs", {"size=x"});
        try {
            volumes.attach(spec);
        } catch (const base::Error& error) {
            const std::string text = error.what();
            return text.find("tmpfs (size=x)") != std::string::npos &&
                   text.find("\"/cache\"") != std::string::npos;
        }
        return false;
    }));
}

TEST(HugePageLimits, AreTakenOutOfTheSpecification) {
    json spec = json::parse(R"({"linux": {"resources": {"memory": {},
        "hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}, {"pageSize": "1GB", "limit": 1}]}}})");
    EXPECT_EQ(take_huge_page_limits(spec),
              (std::vector<HugePageLimit>{{"2MB", 4194304}, {"1GB", 1}}));
    EXPECT_EQ(spec, json::parse(R"({"linux": {"resources": {"memory": {}}}})"));
    EXPECT_TRUE(take_huge_page_limits(spec).empty());
    json none = json::object();
    EXPECT_TRUE(take_huge_page_limits(none).empty());
}

TEST(HugePageLimits, MustBeWhole) {
    for (const char* limit : {"7",
                              R"({"limit": 1})",
                              R"({"pageSize": 2, "limit": 1})",
                              R"({"pageSize": "2MB", "limit": -1})"}) {
        json spec = json::parse(R"({"linux": {"resources": {"hugepageLimits": [)" +
                                std::string(limit) + "]}}}");
        EXPECT_THROW((void)take_huge_page_limits(spec), base::Error) << limit;
    }
}

TEST(PageKib, KnowsTheUnitsOfTheSpecification) {
    EXPECT_EQ(page_kib("64KB"), 64U);
    EXPECT_EQ(page_kib("2MB"), 2048U);
    EXPECT_EQ(page_kib("1GB"), 1048576U);
    for (const char* wrong : {"",
                              "2",
                              "MB",
                              "0MB",
                              "-2MB",
                              "2mb",
                              "2MBx",
                              "../../2MB",
                              "99999999999999999999GB",
                              "18446744073709551615GB"}) {
        EXPECT_THROW((void)page_kib(wrong), base::Error) << wrong;
    }
}

// A pool is a file that takes any number, as the kernel's does while there is memory.
class HugePagesTest : public testing::Test {
  protected:
    HugePagesTest() {
        fs::create_directory(pool_.parent_path());
        base::write_file_atomically(pool_, "3\n");
    }
    [[nodiscard]] std::string pool() const { return base::read_file(pool_); }

    test::TemporaryDirectory directory_;
    const fs::path pool_ = directory_.path() / "hugepages-2048kB" / "nr_hugepages";
    HugePages pages_{directory_.path()};
};

TEST_F(HugePagesTest, AreAddedForEachContainerAndTakenAwayWithIt) {
    pages_.reserve("a", {{"2MB", 4 << 20}, {"2MB", 1}});
    EXPECT_EQ(std::stoi(pool()), 6);
    pages_.reserve("b", {{"2MB", 2 << 20}});
    EXPECT_EQ(std::stoi(pool()), 7);
    pages_.release("a");
    EXPECT_EQ(std::stoi(pool()), 4);
    pages_.release("a");
    pages_.release("unknown");
    EXPECT_EQ(std::stoi(pool()), 4);
    pages_.release("b");
    EXPECT_EQ(std::stoi(pool()), 3);
}

TEST_F(HugePagesTest, AreRefusedWithSizeAndPageSizeWhereTheKernelHasNone) {
    test::expect_error(
        [&] {
            pages_.reserve("a", {{"2MB", 2 << 20}, {"1GB", 1 << 30}});
        },
        base::ErrorCode::unsupported,
        "1073741824 bytes of huge pages of 1GB in the guest");
    EXPECT_EQ(std::stoi(pool()), 3) << "what was added before the refusal stayed";
}

TEST_F(HugePagesTest, AreRefusedWhereMemoryDoesNotSuffice) {
    fs::remove(pool_);
    fs::create_symlink("/dev/null", pool_);  // a pool that stays empty
    test::expect_error(
        [&] {
            pages_.reserve("a", {{"2MB", 8 << 20}});
        },
        base::ErrorCode::unsupported,
        "8388608 bytes of huge pages of 2MB in the guest: it has memory for 0 of 4 pages");
}

}  // namespace
}  // namespace kata::agent::guest
