// What the configuration of a sandbox changes in its guest: the agent's options, kernel modules,
// hooks, the size of pipes and the debug console.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pkg/agent/guest/agent_options.h"
#include "pkg/agent/guest/container_table.h"
#include "pkg/agent/guest/guest_hooks.h"
#include "pkg/agent/guest/guest_shell.h"
#include "pkg/agent/guest/kernel_modules.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

#include "guest_fake_runtime.h"
#include "guest_support.h"

namespace kata::agent::guest {
namespace {

using base::ErrorCode;
using nlohmann::json;
using test::TemporaryDirectory;

void write_program(const TemporaryDirectory& directory,
                   const std::string& name,
                   const std::string& text) {
    directory.write(name, text);
    ::chmod((directory / name).c_str(), 0755);
}

TEST(AgentOptions, AreReadFromTheCommandLine) {
    EXPECT_EQ(parse_agent_options("console=ttyS0 agent.log=debug agent.container_pipe_size=4096 "
                                  "agent.debug_console\n"),
              (AgentOptions{true, true, 4096}));
    EXPECT_EQ(parse_agent_options(""), AgentOptions{});
}

TEST(AgentOptions, IgnoreWordsThatOnlyResembleThem) {
    EXPECT_EQ(parse_agent_options("agent.log=info agent.debug_console_vport=1026 "
                                  "agent.container_pipe_size=4k xagent.debug_console"),
              AgentOptions{});
    EXPECT_EQ(parse_agent_options("agent.container_pipe_size=-1").container_pipe_size, 0U);
    EXPECT_EQ(parse_agent_options("agent.container_pipe_size=99999999999").container_pipe_size, 0U);
}

TEST(StdioPipes, HaveTheSizeThatIsAskedFor) {
    const StdioPipes pipes = make_stdio_pipes(4096);
    EXPECT_EQ(::fcntl(pipes.process.input.get(), F_GETPIPE_SZ), 4096);
    EXPECT_EQ(::fcntl(pipes.process.output.get(), F_GETPIPE_SZ), 4096);
    EXPECT_EQ(::fcntl(pipes.agent.error.get(), F_GETPIPE_SZ), 4096);
    const StdioPipes usual = make_stdio_pipes();
    EXPECT_EQ(::fcntl(usual.process.output.get(), F_GETPIPE_SZ), 65536);
}

TEST(StdioPipes, RefuseASizeThatTheKernelRefuses) {
    test::expect_error([] { return make_stdio_pipes(1U << 31 | 1U); },
                       ErrorCode::invalid_argument,
                       "container_pipe_size");
}

class KernelModules : public testing::Test {
  protected:
    void load(const KernelModule& module, const std::string& script) {
        write_program(directory_, "modprobe", "#!/bin/sh\n" + script);
        load_kernel_module(module,
                           reaper_,
                           base::Deadline::after(std::chrono::seconds(20)),
                           directory_ / "modprobe");
    }

    TemporaryDirectory directory_;
    Reaper reaper_;
};

TEST_F(KernelModules, AreLoadedWithTheirParameters) {
    const std::string told = directory_ / "told";
    load({"e1000e", {"EEE=1", "IntMode=0 1"}}, "printf '<%s>' \"$@\" >" + told + "\n");
    EXPECT_EQ(test::content_of(told), "<e1000e><EEE=1><IntMode=0 1>");
}

TEST_F(KernelModules, FailWithTheWordsOfModprobe) {
    test::expect_error(
        [&] {
            load({"nosuch", {}}, "echo \"modprobe: module $1 not found\" >&2; exit 3\n");
            return 0;
        },
        ErrorCode::invalid_argument,
        "cannot load kernel module \"nosuch\": modprobe ended with 3: modprobe: module nosuch not "
        "found");
}

TEST_F(KernelModules, AreNeverOptionsOfModprobe) {
    const std::string told = directory_ / "told";
    for (const char* name : {"", "-r", "--version"}) {
        test::expect_error(
            [&] {
                load({name, {}}, "touch " + told + "\n");
                return 0;
            },
            ErrorCode::invalid_argument,
            "not a module's name");
    }
    EXPECT_FALSE(std::filesystem::exists(told));
}

TEST_F(KernelModules, NeedAModprobe) {
    test::expect_error(
        [&] {
            load_kernel_module({"dummy", {}},
                               reaper_,
                               base::Deadline::after(std::chrono::seconds(20)),
                               directory_ / "none");
            return 0;
        },
        ErrorCode::not_found,
        "cannot start");
}

TEST(GuestHooks, AreAddedBehindThoseOfTheSpecificationInTheOrderOfTheirNames) {
    const TemporaryDirectory directory;
    write_program(directory, "prestart/20-second", "");
    write_program(directory, "prestart/10-first", "");
    write_program(directory, "poststop/last", "");
    directory.write("prestart/README", "not executable");
    std::filesystem::create_directories(directory / "prestart/30-directory");
    GuestHooks hooks;
    hooks.scan(directory.path());
    const json spec = json::parse(hooks.added_to(
        R"({"root":{"path":"/r"},"hooks":{"startContainer":[{"path":"/s"}],"prestart":[{"path":"/own"}]}})"));
    EXPECT_EQ(spec["root"]["path"], "/r");
    EXPECT_EQ(spec["hooks"]["startContainer"].size(), 1U);
    const json& prestart = spec["hooks"]["prestart"];
    ASSERT_EQ(prestart.size(), 3U);
    EXPECT_EQ(prestart[0]["path"], "/own");
    EXPECT_EQ(prestart[1]["path"], (directory / "prestart/10-first").native());
    EXPECT_EQ(prestart[2]["path"], (directory / "prestart/20-second").native());
    EXPECT_EQ(prestart[2]["args"], json::array({(directory / "prestart/20-second").native()}));
    EXPECT_EQ(spec["hooks"]["poststop"].size(), 1U);
    EXPECT_FALSE(spec["hooks"].contains("poststart"));
}

TEST(GuestHooks, ThatCannotBeFoundChangeNothing) {
    GuestHooks hooks;
    EXPECT_EQ(hooks.added_to(R"({"a" : 1})"), R"({"a" : 1})");
    testing::internal::CaptureStderr();
    hooks.scan("/nonexistent/hooks");
    EXPECT_NE(testing::internal::GetCapturedStderr().find("/nonexistent/hooks"), std::string::npos);
    EXPECT_EQ(hooks.added_to(R"({"a" : 1})"), R"({"a" : 1})");
}

TEST(GuestHooks, ThatCannotBeReadAreLogged) {
    const TemporaryDirectory directory;
    directory.write("prestart", "a file, not a directory");
    GuestHooks hooks;
    testing::internal::CaptureStderr();
    hooks.scan(directory.path());
    EXPECT_NE(testing::internal::GetCapturedStderr().find("cannot look for hooks in"),
              std::string::npos);
    EXPECT_EQ(json::parse(hooks.added_to("{}"))["hooks"]["prestart"], json::array());
}

class GuestShell : public testing::Test {
  protected:
    std::shared_ptr<Process> open(const std::string& process_json) {
        table_.add_guest_shell("shell", [&] { return start_guest_shell(process_json, reaper_); });
        return table_.process("", "shell");
    }

    int status_of(const std::shared_ptr<Process>& process) {
        std::promise<int> ended;
        loop_.run([&] { process->wait([&](int code) { ended.set_value(code); }); });
        return ended.get_future().get();
    }

    LoopThread loop_;
    Reaper reaper_;
    FakeRuntime runtime_{reaper_};
    TemporaryDirectory directory_;
    ContainerTable table_{loop_.loop, reaper_, runtime_, directory_.path()};
};

TEST_F(GuestShell, TakesCommandsFromItsInput) {
    StartedProcess shell;
    {
        const Reaper::Hold hold(reaper_);
        shell = start_guest_shell(R"({"terminal":false})", reaper_);
        ASSERT_EQ(::write(shell.io.input.get(), "echo $((6*7))\n", 14), 14);
        EXPECT_EQ(read_exactly(shell.io.output.ref(), 3), "42\n");
        shell.io.input.reset();
        EXPECT_EQ(reaper_.wait(shell.pid, base::Deadline::after(std::chrono::seconds(20))), 0);
    }
}

TEST_F(GuestShell, HasATerminalOfItsOwnIfAskedFor) {
    const Reaper::Hold hold(reaper_);
    StartedProcess shell = start_guest_shell(R"({"terminal":true})", reaper_);
    EXPECT_TRUE(shell.io.terminal);
    const std::string command = "ps -o tty= -p $$ | tr -d ' ' | sed 's,^pts/.*,own-tty,'; exit 7\n";
    ASSERT_EQ(::write(shell.io.input.get(), command.data(), command.size()),
              static_cast<ssize_t>(command.size()));
    std::string output;
    while (output.find("own-tty\r\n") == std::string::npos) {
        const std::string byte = read_exactly(shell.io.output.ref(), 1);
        ASSERT_FALSE(byte.empty()) << output;
        output += byte;
    }
    EXPECT_EQ(reaper_.wait(shell.pid, base::Deadline::after(std::chrono::seconds(20))), 7);
}

TEST_F(GuestShell, IsAProcessWithoutAContainer) {
    const auto shell = open(R"({"terminal":false})");
    EXPECT_FALSE(shell->ended());
    table_.signal("", "shell", SIGKILL, false);
    EXPECT_EQ(status_of(shell), 128 + SIGKILL);
    test::expect_error([&] { return table_.process("", "other"); },
                       ErrorCode::not_found,
                       "no debug console \"other\"");
}

TEST_F(GuestShell, EndsWithWhoeverAskedForIt) {
    const auto shell = open(R"({"terminal":false})");
    table_.kill_abandoned("", "shell");
    EXPECT_EQ(status_of(shell), 128 + SIGKILL);
}

TEST_F(GuestShell, NeedsAShell) {
    test::expect_error(
        [&] { return start_guest_shell(R"({"terminal":false})", reaper_, "/nonexistent/sh").pid; },
        ErrorCode::not_found,
        "the guest has no /nonexistent/sh");
    test::expect_error([&] { return start_guest_shell("[]", reaper_).pid; },
                       ErrorCode::invalid_argument,
                       "not a JSON object");
}

}  // namespace
}  // namespace kata::agent::guest
