// A script stands for virtiofsd: it is given the same arguments and descriptors.
#include "pkg/sandbox/share_server.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/fd_passing.h"
#include "pkg/base/file.h"
#include "pkg/sandbox/undo.h"
#include "tests/unit/sandbox/fakes.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using testing::SizeIs;

class ShareServerTest : public ::testing::Test {
  protected:
    ShareServerTest() {
        config_.virtio_fs_extra_args = {"-o", "writeback"};
        base::make_directories(place_.sandbox_dir);
    }
    void TearDown() override {
        undo();
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
    }

    void run_as_virtiofsd(const std::string& script) {
        const auto program = directory_ / "virtiofsd";
        base::write_file_atomically(program, "#!/bin/sh\n" + script + "\n", 0755);
        config_.virtio_fs_daemon = program;
    }

    ShareServer start() {
        return ShareServer::start(
            {config_, place_, share_, cgroup_, journal_, {::getuid(), ::getgid(), {::getgid()}}});
    }

    std::vector<Effect> effects() { return Journal::load(place_.journal(), log_); }

    void undo() {
        test::FakeBackend backend;
        const Tombstones tombstones(directory_ / "tombstones");
        undo_effects(
            effects(),
            {backend, log_, tombstones, base::Deadline::after(std::chrono::seconds(20)), true});
    }

    [[nodiscard]] base::ProcessId recorded() {
        base::ProcessId process;
        std::istringstream(effects().at(0).object) >> process.pid >> process.start_time;
        return process;
    }

    test::TemporaryDirectory directory_;
    base::NullLog log_;
    RuntimeConfig config_;
    ContainerPlace place_{
        oci::ContainerId("c1"), "c1", directory_ / "sbs/c1", directory_ / "sbs/c1/containers/c1"};
    Share share_{directory_ / "share", "c1"};
    HostCgroup cgroup_{{}, ""};
    Journal journal_{(std::filesystem::create_directories(place_.sandbox_dir), place_.journal()),
                     ""};
};

TEST_F(ShareServerTest, IsInTheJournalAndAnswersItsUserAlone) {
    run_as_virtiofsd("sleep 100");
    const ShareServer server = start();
    ASSERT_THAT(effects(), SizeIs(1));
    EXPECT_EQ(effects().at(0).kind, Effect::Kind::server);
    EXPECT_TRUE(base::is_alive(recorded()));
    struct stat status {};
    ASSERT_EQ(::stat(server.socket().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    EXPECT_EQ(server.socket(), place_.sandbox_dir / "share.sock");
    EXPECT_NO_THROW(static_cast<void>(base::connect_unix(server.socket())));
}

TEST_F(ShareServerTest, LetsItsUserPassToTheSocketAndReadNothing) {
    ::chmod(place_.sandbox_dir.c_str(), 0700);
    run_as_virtiofsd("sleep 100");
    const ShareServer server = start();
    struct stat status {};
    ASSERT_EQ(::stat(place_.sandbox_dir.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0701U);
}

TEST_F(ShareServerTest, IsEndedByTheJournalWithItsChildrenTwiceOver) {
    const auto child = directory_ / "child";
    run_as_virtiofsd("sleep 100 & echo $! >" + child.native() + "; wait");
    const ShareServer server = start();
    while (test::content_of(child).empty()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    const auto sleeper = base::find_process(std::stoi(test::content_of(child)));
    ASSERT_TRUE(sleeper);
    undo();
    EXPECT_FALSE(base::is_alive(recorded()));
    for (int attempt = 0; attempt < 1000 && base::is_alive(*sleeper); ++attempt) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_FALSE(base::is_alive(*sleeper));
    EXPECT_NO_THROW(undo());
    test::expect_error([&] { return server.require_alive(), 0; },
                       base::ErrorCode::unavailable,
                       "which serves the container's files, ended");
}

TEST_F(ShareServerTest, IsNotEndedIfItsNumberBelongsToAnotherByNow) {
    run_as_virtiofsd("sleep 100");
    const ShareServer server = start();
    base::ProcessId other = recorded();
    undo_share_server(std::to_string(other.pid) + " " + std::to_string(other.start_time + 1));
    EXPECT_TRUE(base::is_alive(other));
    undo_share_server("");
    undo_share_server("0 0");
    EXPECT_TRUE(base::is_alive(other));
}

TEST_F(ShareServerTest, TellsWhyItEnded) {
    run_as_virtiofsd("echo first >&2; echo 'unknown option: writeback' >&2; exit 1");
    test::expect_error(
        [&] {
            const ShareServer server = start();
            while (base::is_alive(recorded())) {
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
            }
            return server.require_alive(), 0;
        },
        base::ErrorCode::unavailable,
        "ended: unknown option: writeback");
}

TEST_F(ShareServerTest, AddsItsWordsToWhyAMachineDidNotStartOnlyIfItHasEnded) {
    const auto said = directory_ / "said";
    run_as_virtiofsd("echo 'no such option' >&2; echo x >" + said.native() + "; exec sleep 100");
    const ShareServer server = start();
    while (test::content_of(said).empty()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    const base::Error error(base::ErrorCode::internal, "cannot start VM");
    EXPECT_STREQ(server.explained(error).what(), "cannot start VM");
    undo();
    EXPECT_EQ(server.explained(error).code(), base::ErrorCode::internal);
    EXPECT_THAT(server.explained(error).what(),
                testing::AllOf(testing::HasSubstr("cannot start VM; \""),
                               testing::HasSubstr("ended: no such option")));
}

TEST_F(ShareServerTest, CannotFillMemoryWithWhatItSays) {
    const auto done = directory_ / "done";
    run_as_virtiofsd("head -c 1000000 /dev/zero >&2; echo $? >" + done.native() + "; sleep 100");
    const ShareServer server = start();
    while (test::content_of(done).empty()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    EXPECT_NE(test::content_of(done), "0\n");
    EXPECT_NO_THROW(server.require_alive());
}

TEST_F(ShareServerTest, ThatIsNotThereIsNamed) {
    config_.virtio_fs_daemon = "/no/such/virtiofsd";
    test::expect_error(
        [&] { return start().socket(); }, base::ErrorCode::not_found, "/no/such/virtiofsd");
    EXPECT_FALSE(base::is_alive(recorded()));
}

}  // namespace
}  // namespace kata::sandbox
