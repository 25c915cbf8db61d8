#include "pkg/sandbox/cgroup_place.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/unit/sandbox/fakes.h"
#include "tests/unit/sandbox/warning_log.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;

const oci::ContainerId kId("c1");

class CgroupPlan : public ::testing::Test {
  protected:
    CgroupPlace with_systemd(const std::string& path) const {
        return plan_cgroup(config_, path, kId, "pod+1", true);
    }
    CgroupPlace without_systemd(const std::string& path) const {
        return plan_cgroup(config_, path, kId, "pod+1", false);
    }
    void expect_refused(const std::string& path, const std::string& words) const {
        test::expect_error([&] { return with_systemd(path); }, ErrorCode::invalid_argument, words);
    }

    RuntimeConfig config_;
};

CgroupPlace directory(const std::string& path) {
    return {path, std::nullopt};
}

TEST_F(CgroupPlan, IsAScopeWhereTheEngineNamesOneAndSystemdRuns) {
    const CgroupPlace scope{"/a.slice/a-b.slice/docker-c1.scope",
                            ScopeUnit{"docker-c1.scope", "a-b.slice"}};
    EXPECT_EQ(with_systemd("a-b.slice:docker:c1"), scope);
    EXPECT_EQ(without_systemd("a-b.slice:docker:c1"), directory(scope.path));
}

TEST_F(CgroupPlan, IsADirectoryForAllOtherPaths) {
    EXPECT_EQ(with_systemd("/docker/c1"), directory("/docker/c1"));
    EXPECT_EQ(with_systemd(""), directory("c1"));
    EXPECT_EQ(with_systemd("a:b:c"), directory("/a/b-c.scope")) << "no slice: colons may be names";
    EXPECT_EQ(with_systemd("a.slice::b.slice"), directory("/a.slice/b.slice"))
        << "no process can be in a slice of systemd's";
}

TEST_F(CgroupPlan, IsOneScopeForASandboxThatHasOneCgroup) {
    config_.sandbox_cgroup_only = true;
    EXPECT_EQ(with_systemd("a.slice:docker:c1"),
              (CgroupPlace{R"(/a.slice/kata_pod\x2b1.scope)",
                           ScopeUnit{R"(kata_pod\x2b1.scope)", "a.slice"}}));
    EXPECT_EQ(without_systemd("a.slice:docker:c1"), directory("/a.slice/kata_pod+1"));
    EXPECT_EQ(with_systemd("/docker/c1"), directory("/docker/kata_pod+1"));
}

TEST_F(CgroupPlan, IsAScopeByTheOptionAlone) {
    config_.systemd_cgroup = true;
    EXPECT_EQ(
        with_systemd(""),
        (CgroupPlace{"/system.slice/kata-c1.scope", ScopeUnit{"kata-c1.scope", "system.slice"}}));
    EXPECT_EQ(without_systemd(""), directory("c1"));
    expect_refused("/docker/c1",
                   "linux.cgroupsPath must be \"slice:prefix:name\" with --systemd-cgroup, not "
                   "\"/docker/c1\"");
    EXPECT_EQ(without_systemd("/docker/c1"), directory("/docker/c1"));
}

TEST_F(CgroupPlan, RefusesUnitsThatSystemdCannotHave) {
    expect_refused("a.slice:docker:../../x", "\"docker-../../x.scope\"");
    expect_refused("a/../b.slice:docker:x", "\"a/../b.slice\"");
    expect_refused("a.slice:docker:" + std::string(300, 'x'), "at most 255");
    config_.systemd_cgroup = true;
    expect_refused("a:docker:x", "a unit that systemd cannot have: \"a\"");
}

class ScopeOfAContainer : public ::testing::Test {
  protected:
    void start() {
        Journal journal(path_, "c1");
        start_scope({"docker-c1.scope", "system.slice"}, 42, backend_, journal, log_);
    }
    void stop(const std::string& object = "docker-c1.scope") {
        stop_scope(object, effects_, backend_, log_, base::Deadline::after(std::chrono::hours(1)));
    }

    test::TemporaryDirectory directory_;
    std::filesystem::path path_ = directory_ / "journal";
    std::vector<Effect> effects_;
    test::FakeBackend backend_;
    test::WarningLog log_;
};

TEST_F(ScopeOfAContainer, IsJournaledBeforeItIsAskedFor) {
    std::vector<Effect> journaled;
    backend_.fake_scopes.on_start = [&] { journaled = Journal::load(path_, log_); };
    start();
    ASSERT_EQ(backend_.fake_scopes.started.size(), 1U);
    EXPECT_EQ(backend_.fake_scopes.started[0],
              std::pair(ScopeUnit{"docker-c1.scope", "system.slice"}, pid_t{42}));
    EXPECT_EQ(journaled, (std::vector<Effect>{{Effect::Kind::scope, "docker-c1.scope", "c1"}}));
    EXPECT_TRUE(log_.warnings.empty());
}

TEST_F(ScopeOfAContainer, IsNotMissedButForOneWarning) {
    backend_.fake_scopes.failure = ErrorCode::unavailable;
    EXPECT_NO_THROW(start());
    EXPECT_EQ(log_.warnings,
              std::vector<std::string>{"told to fail; its cgroups are made without systemd, which "
                                       "does not list them"});
    EXPECT_EQ(Journal::load(path_, log_).size(), 1U) << "it may come into being even so";
}

TEST_F(ScopeOfAContainer, IsNotGoneOnWithoutIfTheCommandIsInterrupted) {
    backend_.fake_scopes.failure = ErrorCode::interrupted;
    test::expect_error([&] { start(); }, ErrorCode::interrupted, "told to fail");
    test::expect_error([&] { stop(); }, ErrorCode::interrupted, "told to fail");
}

TEST_F(ScopeOfAContainer, IsStoppedOnceItsCgroupsAreGone) {
    const auto cgroup = directory_ / "docker-c1.scope";
    std::filesystem::create_directory(cgroup);
    effects_ = {{Effect::Kind::cgroup, cgroup.native(), "c1"}};
    stop();
    EXPECT_TRUE(backend_.fake_scopes.stopped.empty()) << "what is in it now is somebody else's";
    std::filesystem::remove(cgroup);
    stop();
    EXPECT_EQ(backend_.fake_scopes.stopped, std::vector<std::string>{"docker-c1.scope"});
}

TEST_F(ScopeOfAContainer, IsStoppedWhateverOtherCgroupsAreThere) {
    effects_ = {{Effect::Kind::cgroup, directory_.path().native(), "c2"}};
    stop();
    EXPECT_EQ(backend_.fake_scopes.stopped.size(), 1U);
}

TEST_F(ScopeOfAContainer, IsForgottenWithAWarningWhereSystemdDoesNotHelp) {
    backend_.fake_scopes.failure = ErrorCode::timeout;
    EXPECT_NO_THROW(stop());
    EXPECT_EQ(
        log_.warnings,
        std::vector<std::string>{"told to fail; systemd forgets it by itself when it is empty"});
}

TEST_F(ScopeOfAContainer, IsNeverAskedForByAJournalThatNamesNoScope) {
    for (const char* object : {"", "dbus.service", "a/b.scope", "a.slice"}) {
        test::expect_error([&] { stop(object); }, ErrorCode::internal, "no scope");
    }
    EXPECT_TRUE(backend_.fake_scopes.stopped.empty());
}

}  // namespace
}  // namespace kata::sandbox
