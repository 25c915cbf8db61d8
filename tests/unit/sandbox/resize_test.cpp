#include "pkg/sandbox/resize.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/oci/spec_json.h"
#include "tests/unit/sandbox/fakes.h"
#include "tests/unit/sandbox/warning_log.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

/// A guest that has as many CPUs on line as it was asked for, or fails as told.
class FakeGuest : public GuestResources {
  public:
    void pause_container(const std::string& /*id*/, base::Deadline /*deadline*/) override {}
    void resume_container(const std::string& /*id*/, base::Deadline /*deadline*/) override {}
    void update_container(const std::string& /*id*/,
                          const std::string& /*resources*/,
                          base::Deadline /*deadline*/) override {}
    GuestStats container_stats(const std::string& /*id*/, base::Deadline /*deadline*/) override {
        return {};
    }
    unsigned online_cpu_memory(unsigned cpus,
                               std::uint64_t memory_mib,
                               base::Deadline deadline) override {
        asked.emplace_back(cpus, memory_mib);
        time = deadline.remaining();
        if (failure) {
            throw base::Error(*failure, "the guest keeps CPU 3");
        }
        return cpus;
    }
    GuestDetails guest_details(base::Deadline /*deadline*/) override {
        GuestDetails details;
        details.memory_block_bytes = block_mib * kMebibyte;
        return details;
    }
    std::uint64_t next_oom(const std::string& /*id*/,
                           std::uint64_t seen,
                           base::Deadline /*deadline*/) override {
        return seen;
    }
    void set_date_time(std::chrono::system_clock::time_point /*now*/,
                       base::Deadline /*deadline*/) override {}

    std::uint64_t block_mib = 128;
    std::optional<base::ErrorCode> failure;
    std::vector<std::pair<unsigned, std::uint64_t>> asked;
    std::chrono::milliseconds time{};
};

class ResizeTest : public ::testing::Test {
  protected:
    ResizeTest() {
        SandboxRecord record;
        record.id = "pod";
        record.vm_uuid = "uuid";
        record.default_cpus = 1;
        record.default_memory_mib = 256;
        record.cpus = 4;
        record.max_cpus = 8;
        record.boot_memory_mib = 256;
        record.max_memory_mib = 1024;
        reserved_.emplace(StateStore(directory_.path() / "root", directory_.path() / "sbs")
                              .reserve(oci::ContainerId("pod"),
                                       std::nullopt,
                                       base::Deadline::after(seconds(20))));
        StateStore::save_sandbox(place(), record);
    }
    [[nodiscard]] const ContainerPlace& place() const { return reserved_->place; }
    SandboxRecord saved() { return StateStore::load_sandbox(place()); }
    SandboxResize resize() { return {config_, hypervisor_, guest_, log_, place()}; }

    static std::vector<oci::Spec> limits(unsigned cpus, std::uint64_t memory_mib) {
        return {oci::parse_spec(R"({"linux":{"resources":{"cpu":{"period":100000,"quota":)" +
                                    std::to_string(cpus * 100000) + R"(},"memory":{"limit":)" +
                                    std::to_string(memory_mib * kMebibyte) + "}}}}",
                                "test")};
    }

    test::TemporaryDirectory directory_;
    std::optional<Reservation> reserved_;
    RuntimeConfig config_;
    test::FakeHypervisor hypervisor_;
    FakeGuest guest_;
    test::WarningLog log_;
};

TEST_F(ResizeTest, GrowsByWholeBlocksOfTheGuestsMemoryAndByTheMissingCpus) {
    resize().grow(limits(5, 200));
    EXPECT_EQ(hypervisor_.plugged_mib, 256U);
    EXPECT_THAT(guest_.asked, ElementsAre(Pair(0, 256), Pair(6, 0)));
    EXPECT_EQ(saved().plugged_memory_mib, 256U);
    EXPECT_EQ(saved().cpus, 6U);
    EXPECT_THAT(log_.warnings, IsEmpty());
}

TEST_F(ResizeTest, GrowsNoFurtherThanTheVmCan) {
    resize().grow(limits(100, 100000));
    EXPECT_EQ(hypervisor_.plugged_mib, 768U);
    EXPECT_EQ(saved().cpus, 8U);
    guest_.asked.clear();
    resize().grow(limits(100, 100000));
    EXPECT_EQ(hypervisor_.plugged_mib, 768U);
    EXPECT_THAT(guest_.asked, IsEmpty());
}

TEST_F(ResizeTest, PlugsNothingWhereTheGuestsKernelTakesNoMemoryAndSaysSo) {
    guest_.block_mib = 0;
    resize().grow(limits(1, 200));
    EXPECT_EQ(hypervisor_.plugged_mib, 0U);
    EXPECT_THAT(log_.warnings, ElementsAre(HasSubstr("the sandbox stays at 256 MiB")));
}

TEST_F(ResizeTest, TakesCpusOffLineAndLeavesTheMemory) {
    resize().shrink(limits(1, 0));
    EXPECT_THAT(guest_.asked, ElementsAre(Pair(2, 0)));
    EXPECT_EQ(saved().cpus, 2U);
}

TEST_F(ResizeTest, LogsAGuestThatDoesNotConfirmWithinFiveSecondsAndGoesOn) {
    guest_.failure = base::ErrorCode::timeout;
    resize().shrink(limits(1, 0));
    EXPECT_GT(guest_.time, seconds(0));
    EXPECT_LE(guest_.time, seconds(5));
    EXPECT_THAT(log_.warnings,
                ElementsAre(HasSubstr("keeps CPUs that are not needed any more: "
                                      "the guest keeps CPU 3")));
    EXPECT_EQ(saved().cpus, 4U);
}

TEST_F(ResizeTest, DoesNothingWhereTheSizeIsStatic) {
    config_.static_sandbox_resource_mgmt = true;
    resize().grow(limits(7, 500));
    resize().shrink(limits(1, 0));
    EXPECT_EQ(hypervisor_.plugged_mib, 0U);
    EXPECT_THAT(guest_.asked, IsEmpty());
}

}  // namespace
}  // namespace kata::sandbox
