#include "pkg/base/held_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <thread>

#include "pkg/base/file.h"
#include "pkg/base/pipe.h"
#include "tests/unit/base/base_test.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::base {
namespace {

using test::content_of;
using test::TemporaryDirectory;

DaemonSpec shell(const std::string& script) {
    return {"/bin/sh", {"sh", "-c", script}, {}, {}};
}

template <typename Condition>
bool becomes_true(Condition condition) {
    for (int attempt = 0; attempt < 2000; ++attempt) {
        if (condition()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}

TEST(HeldProcess, RunsItsProgramAsTheProcessItWasBefore) {
    const TemporaryDirectory directory;
    const auto said = directory / "said";
    HeldProcess held = HeldProcess::make(shell("echo $$ >" + said.native()));
    EXPECT_TRUE(is_alive(held.id()));
    EXPECT_FALSE(std::filesystem::exists(said));
    held.release();
    ::waitpid(held.id().pid, nullptr, 0);
    EXPECT_EQ(content_of(said), std::to_string(held.id().pid) + "\n");
}

// "number target" of each descriptor.
std::set<std::string> descriptors_of(pid_t pid) {
    std::set<std::string> descriptors;
    std::error_code failure;
    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", failure)) {
        descriptors.insert(entry.path().filename().native() + " " +
                           std::filesystem::read_symlink(entry.path(), failure).native());
    }
    return descriptors;
}

TEST(HeldProcess, GivesItsProgramNothingButWhatWasNamed) {
    const TemporaryDirectory directory;
    const auto inherited = directory / "inherited";
    const auto words = directory / "words";
    const UniqueFd leaked(::open("/dev/zero", O_RDONLY));  // NOLINT: without O_CLOEXEC on purpose
    HeldProcess held = HeldProcess::make({"/bin/sleep",
                                          {"sleep", "100"},
                                          open_file(inherited, O_WRONLY | O_CREAT),
                                          open_file(words, O_WRONLY | O_CREAT)});
    const std::set<std::string> expected{
        "0 /dev/null", "1 /dev/null", "2 " + words.native(), "3 " + inherited.native()};
    EXPECT_TRUE(becomes_true([&] {
        auto open = descriptors_of(held.id().pid);
        std::erase_if(open, [](const std::string& text) { return text.starts_with("4 socket:"); });
        return open == expected;
    }));
    held.release();
    EXPECT_TRUE(becomes_true([&] { return descriptors_of(held.id().pid) == expected; }));
    kill_session(held.id());
    ::waitpid(held.id().pid, nullptr, 0);
}

TEST(HeldProcess, EndsWithoutHavingRunIfItIsNotReleased) {
    const TemporaryDirectory directory;
    const auto said = directory / "said";
    ProcessId id;
    {
        const HeldProcess held = HeldProcess::make(shell("echo >" + said.native()));
        id = held.id();
    }
    EXPECT_FALSE(is_alive(id));
    EXPECT_FALSE(std::filesystem::exists(said));
}

TEST(HeldProcess, EndsWithoutHavingRunIfItsMakerIsKilled) {
    const TemporaryDirectory directory;
    const auto said = directory / "said";
    Pipe report = make_pipe();
    const pid_t maker = ::fork();
    if (maker == 0) {
        const HeldProcess held = HeldProcess::make(shell("echo >" + said.native()));
        if (::write(report.write_end.get(), &held.id(), sizeof(ProcessId)) > 0) {
            ::kill(::getpid(), SIGKILL);
        }
    }
    ProcessId id;
    ASSERT_EQ(::read(report.read_end.get(), &id, sizeof id), static_cast<ssize_t>(sizeof id));
    ::waitpid(maker, nullptr, 0);
    EXPECT_TRUE(becomes_true([&] { return !is_alive(id); }));
    EXPECT_FALSE(std::filesystem::exists(said));
}

TEST(HeldProcess, SaysWhatItCannotRun) {
    HeldProcess held = HeldProcess::make({"/no/such/program", {"program"}, {}, {}});
    test::expect_error([&] { return held.release(), 0; },
                       ErrorCode::not_found,
                       "cannot start \"/no/such/program\"");
    EXPECT_FALSE(is_alive(held.id()));
}

TEST(KillSession, EndsItsLeaderAndTheChildrenInIt) {
    const TemporaryDirectory directory;
    const auto child = directory / "child";
    HeldProcess held =
        HeldProcess::make(shell("sleep 100 & echo $! >" + child.native() + "; wait"));
    held.release();
    ASSERT_TRUE(becomes_true([&] { return !content_of(child).empty(); }));
    const auto sleeper = find_process(std::stoi(content_of(child)));
    ASSERT_TRUE(sleeper);
    kill_session(held.id());
    EXPECT_TRUE(becomes_true([&] { return !is_alive(held.id()) && !is_alive(*sleeper); }));
    ::waitpid(held.id().pid, nullptr, 0);
    EXPECT_NO_THROW(kill_session(held.id()));
}

TEST(KillSession, EndsChildrenWhoseLeaderIsGone) {
    const TemporaryDirectory directory;
    const auto child = directory / "child";
    HeldProcess held = HeldProcess::make(shell("sleep 100 & echo $! >" + child.native()));
    held.release();
    ::waitpid(held.id().pid, nullptr, 0);
    const auto sleeper = find_process(std::stoi(content_of(child)));
    ASSERT_TRUE(sleeper);
    kill_session(held.id());
    EXPECT_TRUE(becomes_true([&] { return !is_alive(*sleeper); }));
}

TEST(KillSession, LeavesAProcessAloneThatHasTheNumberOfAnEarlierOne) {
    HeldProcess held = HeldProcess::make(shell("sleep 100"));
    held.release();
    ProcessId earlier = held.id();
    --earlier.start_time;
    kill_session(earlier);
    EXPECT_TRUE(is_alive(held.id()));
    kill_session(held.id());
    ::waitpid(held.id().pid, nullptr, 0);
}

}  // namespace
}  // namespace kata::base
