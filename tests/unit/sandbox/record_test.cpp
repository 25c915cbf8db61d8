#include "pkg/sandbox/record.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/unit/support/expect_error.h"

namespace kata::sandbox {
namespace {

using test::failure_of;

ContainerRecord sample() {
    ContainerRecord record;
    record.id = "c1";
    record.sandbox_id = "c1";
    record.root = "/run/kata-runtime";
    record.bundle = "/b \"quoted\"";
    record.rootfs = "/b/rootfs";
    record.created = std::chrono::system_clock::time_point(std::chrono::nanoseconds(123456789));
    record.last_status = oci::Status::running;
    record.shim = {42, 1000};
    record.creator = {43, 1001};
    record.oci_version = "1.0.2";
    record.annotations = {{"key", "value"}};
    record.owns_sandbox = false;
    return record;
}

TEST(ContainerRecord, ComesBackAsItWasWritten) {
    const ContainerRecord back = parse_container_record(to_json_text(sample()), "state.json");
    EXPECT_EQ(back.id, "c1");
    EXPECT_EQ(back.bundle, "/b \"quoted\"");
    EXPECT_EQ(back.created, sample().created);
    EXPECT_EQ(back.last_status, oci::Status::running);
    EXPECT_EQ(back.shim, (base::ProcessId{42, 1000}));
    EXPECT_EQ(back.annotations.at("key"), "value");
    EXPECT_FALSE(back.owns_sandbox);
}

TEST(ContainerRecord, IsRefusedWhenTruncatedAtAnyByte) {
    const std::string whole = to_json_text(sample());
    // The last byte is a newline, without which the document is still whole.
    for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
        EXPECT_THROW(static_cast<void>(parse_container_record(whole.substr(0, size), "s")),
                     base::Error)
            << "cut at byte " << size;
    }
}

TEST(ContainerRecord, IsRefusedFromAForeignSchemaNamingBoth) {
    std::string text = to_json_text(sample());
    text.replace(text.find("\"schema\": 1"), 11, "\"schema\": 9");
    const auto error = failure_of([&] { return parse_container_record(text, "/x/state.json"); });
    EXPECT_EQ(error.code(), base::ErrorCode::internal);
    EXPECT_THAT(error.what(), testing::HasSubstr("schema 9"));
    EXPECT_THAT(error.what(), testing::HasSubstr("/x/state.json"));
}

TEST(SandboxRecord, IsReadyUnlessItSaysThatItIsNot) {
    SandboxRecord record;
    EXPECT_TRUE(parse_sandbox_record(to_json_text(record), "s").ready);
    record.ready = false;
    EXPECT_FALSE(parse_sandbox_record(to_json_text(record), "s").ready);
}

TEST(SandboxRecord, IsRefusedForANumberThatNoIntegerHolds) {
    const std::string whole = to_json_text(SandboxRecord{});
    for (const char* number : {"18446744073709551616", "-1e300", "1.5"}) {
        std::string text = whole;
        text.replace(
            text.find("\"maxMemoryMib\": 0"), 17, std::string("\"maxMemoryMib\": ") + number);
        test::expect_error([&] { return parse_sandbox_record(text, "/x/sandbox.json"); },
                           base::ErrorCode::internal,
                           "cannot use \"/x/sandbox.json\": ");
    }
}

TEST(SandboxRecord, KeepsTheSizeOfTheVm) {
    SandboxRecord record;
    record.cpus = 2;
    record.max_cpus = 4;
    record.boot_memory_mib = 2048;
    record.plugged_memory_mib = 256;
    record.max_memory_mib = 8000;
    const SandboxRecord read = parse_sandbox_record(to_json_text(record), "s");
    EXPECT_EQ(read.cpus, 2U);
    EXPECT_EQ(read.max_cpus, 4U);
    EXPECT_EQ(read.boot_memory_mib, 2048U);
    EXPECT_EQ(read.plugged_memory_mib, 256U);
    EXPECT_EQ(read.max_memory_mib, 8000U);
}

TEST(SandboxRecord, KeepsTheVsockCidOnlyIfThereIsOne) {
    SandboxRecord record;
    EXPECT_FALSE(parse_sandbox_record(to_json_text(record), "s").vsock_cid);
    record.vsock_cid = 5;
    EXPECT_EQ(parse_sandbox_record(to_json_text(record), "s").vsock_cid, 5U);
}

TEST(DeriveStatus, BelievesTheShimAndNotTheFile) {
    ContainerRecord record = sample();
    record.shim = base::find_process(::getpid()).value();
    EXPECT_EQ(derive_status(record), oci::Status::running);
    record.shim.start_time += 1;  // the pid was given to another process
    EXPECT_EQ(derive_status(record), oci::Status::stopped);
}

TEST(DeriveStatus, IsPausedOnlyWhileTheShimLives) {
    ContainerRecord record = sample();
    record.shim = base::find_process(::getpid()).value();
    record.paused = true;
    EXPECT_EQ(derive_status(parse_container_record(to_json_text(record), "c")),
              oci::Status::paused);
    record.shim.start_time += 1;
    EXPECT_EQ(derive_status(record), oci::Status::stopped);
}

TEST(DeriveStatus, IsStoppedForAZombieShim) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    ContainerRecord record = sample();
    record.shim = base::find_process(child).value();
    ASSERT_EQ(derive_status(record), oci::Status::running);
    ::kill(child, SIGKILL);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
    EXPECT_EQ(derive_status(record), oci::Status::stopped);
    ::waitpid(child, nullptr, 0);
}

TEST(DeriveStatus, IsCreatingOnlyWhileTheCreatorLives) {
    ContainerRecord record = sample();
    record.last_status = oci::Status::creating;
    record.creator = base::find_process(::getpid()).value();
    EXPECT_EQ(derive_status(record), oci::Status::creating);
    record.creator.start_time += 1;
    EXPECT_EQ(derive_status(record), oci::Status::stopped);
}

}  // namespace
}  // namespace kata::sandbox
