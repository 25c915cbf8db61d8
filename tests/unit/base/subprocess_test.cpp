#include "pkg/base/subprocess.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>

#include "pkg/base/file.h"
#include "pkg/base/process.h"
#include "tests/unit/base/base_test.h"

namespace kata::base {
namespace {

using Subprocess = DirectoryTest;

ProcessSpec shell(const std::string& script) {
    ProcessSpec spec;
    spec.path = "/bin/sh";
    spec.args = {"sh", "-c", script};
    return spec;
}

ProcessResult run(const ProcessSpec& spec) {
    return run_process(spec, soon_enough());
}

TEST_F(Subprocess, GivesBothOutputsAndTheExitCode) {
    const ProcessResult result = run(shell("echo out; echo err >&2; exit 7"));
    EXPECT_EQ(result.exit_code, 7);
    EXPECT_FALSE(result.timed_out);
    EXPECT_EQ(result.standard_output, "out\n");
    EXPECT_EQ(result.standard_error, "err\n");
    EXPECT_EQ(run(shell("kill -TERM $$")).exit_code, 128 + SIGTERM);
}

TEST_F(Subprocess, GetsItsInputWhileItWrites) {
    ProcessSpec spec = shell("cat");
    spec.stdin_data = std::string(3 << 20, 'x');
    spec.max_output = 4 << 20;
    EXPECT_EQ(run(spec).standard_output, spec.stdin_data);
}

TEST_F(Subprocess, ThatWritesMoreThanTheLimitIsNotBlocked) {
    ProcessSpec spec = shell("head -c 1000000 /dev/zero; echo done >&2");
    spec.max_output = 10;
    const ProcessResult result = run(spec);
    EXPECT_EQ(result.standard_output.size(), 10U);
    EXPECT_EQ(result.standard_error, "done\n");
}

TEST_F(Subprocess, ThatIgnoresItsInputDoesNotEndUs) {
    ProcessSpec spec = shell("exit 0");
    spec.stdin_data = std::string(1 << 20, 'x');
    EXPECT_EQ(run(spec).exit_code, 0);
}

TEST_F(Subprocess, SeesOnlyItsEnvironmentDirectoryAndDescriptors) {
    const UniqueFd leak(::open("/dev/null", O_RDONLY));  // without O_CLOEXEC, as strangers do
    ProcessSpec spec = shell("pwd; echo $A; ls /proc/self/fd | wc -l; exec env");
    spec.env = {"A=b", "PATH=/usr/bin:/bin"};
    spec.working_dir = dir_.native();
    const std::string output = run(spec).standard_output;
    // 0, 1, 2 and the directory that ls reads
    EXPECT_THAT(output, testing::StartsWith(dir_.native() + "\nb\n4\n"));
    EXPECT_THAT(output, testing::Not(testing::HasSubstr("HOME")));
}

TEST_F(Subprocess, HasDefaultSignalsAndNoneBlocked) {
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto handler = ::signal(SIGUSR2, SIG_IGN);
    const std::string status =
        run(shell("grep -E 'Sig(Blk|Ign)' /proc/self/status")).standard_output;
    ::signal(SIGUSR2, handler);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    EXPECT_EQ(status, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(Subprocess, ThatIsLateIsKilledWithItsGroup) {
    const ProcessResult result = run_process(shell("echo $$; sleep 1000 & sleep 1000"),
                                             Deadline::after(std::chrono::milliseconds(300)));
    EXPECT_TRUE(result.timed_out);
    EXPECT_EQ(result.exit_code, 128 + SIGKILL);
}

TEST_F(Subprocess, IsNotWaitedForThroughAProcessItLeftBehind) {
    const ProcessResult result =
        run(shell("echo before; sleep 1000 & echo $! >" + (dir_ / "pid").native() + "; exit 3"));
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_FALSE(result.timed_out);
    EXPECT_EQ(result.standard_output, "before\n");
    const auto left = find_process(std::stoi(content_of(dir_ / "pid")));
    ASSERT_TRUE(left);
    EXPECT_TRUE(send_signal(*left, SIGKILL));
}

TEST_F(Subprocess, ThatCannotBeStartedIsNamedWithTheStep) {
    ProcessSpec spec = shell("true");
    spec.path = (dir_ / "none").native();
    expect_error([&] { (void)run(spec); }, ErrorCode::not_found, "cannot start \"" + spec.path);
    spec = shell("true");
    spec.working_dir = (dir_ / "gone").native();
    expect_error([&] { (void)run(spec); }, ErrorCode::not_found, "enter directory");
    spec = shell("true");
    spec.enter_namespaces = {"/proc/self/ns/none"};
    expect_error([&] { (void)run(spec); }, ErrorCode::not_found, "/proc/self/ns/none");
    spec.enter_namespaces = {"/dev/null"};
    expect_error([&] { (void)run(spec); }, ErrorCode::invalid_argument, "enter the namespaces");
}

}  // namespace
}  // namespace kata::base
