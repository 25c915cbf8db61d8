#include "pkg/oci/hooks.h"

#include <unistd.h>

#include <fstream>

#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::oci {
namespace {

using base::ErrorCode;
using test::expect_error;
using test::TemporaryDirectory;

class HooksTest : public testing::Test {
  protected:
    Hook shell(const std::string& script) { return {"/bin/sh", {"sh", "-c", script}, {}, {}}; }

    void run(std::vector<Hook> prestart) {
        Hooks hooks;
        hooks.prestart = std::move(prestart);
        run_hooks(hooks,
                  HookStage::prestart,
                  {R"({"id":"x"})", dir_.path(), {}},
                  base::Deadline::after(std::chrono::seconds(60)));
    }

    std::string content(const std::string& name) { return test::content_of(dir_ / name); }

    TemporaryDirectory dir_;
};

TEST_F(HooksTest, RunInTheOrderOfTheFileInTheBundleWithTheStateOnStdin) {
    run({shell("cat >state"), shell("echo one >>order"), shell("echo two >>order")});
    EXPECT_EQ(content("state"), R"({"id":"x"})");
    EXPECT_EQ(content("order"), "one\ntwo\n");
}

TEST_F(HooksTest, GetExactlyTheirArgumentsAndEnvironment) {
    const Hook hook{
        "/bin/sh", {"zeroth", "-c", "echo $0 >name; /usr/bin/env >env"}, {"ONLY=this"}, {}};
    run({hook});
    EXPECT_THAT(content("name"), "zeroth\n");
    EXPECT_THAT(content("env"), testing::HasSubstr("ONLY=this\n"));
    EXPECT_THAT(content("env"), testing::Not(testing::HasSubstr("HOME=")));
}

TEST_F(HooksTest, WithoutArgumentsHaveTheirPathAsName) {
    dir_.write("hook", "#!/bin/sh\necho \"$0 $#\" >name\n");
    std::filesystem::permissions(dir_ / "hook", std::filesystem::perms::owner_all);
    run({{(dir_ / "hook").native(), {}, {}, {}}});
    EXPECT_EQ(content("name"), (dir_ / "hook").native() + " 0\n");
}

TEST_F(HooksTest, StopAtTheFirstFailureWhichIsNamed) {
    expect_error(
        [&] {
            run({shell("echo no luck >&2; exit 3"), shell("touch second")});
        },
        ErrorCode::invalid_argument,
        "the prestart hook \"/bin/sh\" failed with exit code 3: no luck");
    EXPECT_FALSE(std::filesystem::exists(dir_ / "second"));
}

TEST_F(HooksTest, ShowTheEndOfALongErrorWithoutEscapes) {
    expect_error(
        [&] {
            run(
                {shell("head -c 20000 /dev/zero | tr '\\0' x >&2; printf '\\033[31mend' >&2; "
                       "exit 1")});
        },
        ErrorCode::invalid_argument,
        "x?[31mend");
}

TEST_F(HooksTest, ThatAreLateAreKilledWithTheirChildren) {
    Hook hook = shell("sleep 1000 & echo $! >child; wait");
    hook.timeout_seconds = 1;
    expect_error([&] { run({hook}); }, ErrorCode::timeout, "did not end in time");
    const std::string stat =
        "/proc/" + content("child").substr(0, content("child").find('\n')) + "/stat";
    std::string line;
    for (int i = 0; i < 5000; ++i) {
        line.clear();
        std::ifstream file(stat);
        std::getline(file, line);
        if (line.empty() || line.find(") Z") != std::string::npos) {
            return;
        }
        ::usleep(1000);
    }
    FAIL() << "the child still lives: " << line;
}

TEST_F(HooksTest, ThatDoNotReadTheirInputSucceed) {
    Hooks hooks;
    hooks.poststart = {shell("exec 0<&-; exit 0")};
    EXPECT_NO_THROW(run_hooks(hooks,
                              HookStage::poststart,
                              {std::string(1 << 20, 'x'), dir_.path(), {}},
                              base::Deadline::after(std::chrono::seconds(60))));
}

TEST_F(HooksTest, ThatAreMissingOrNotExecutableAreNamed) {
    expect_error(
        [&] {
            run({{"/none/hook", {}, {}, {}}});
        },
        ErrorCode::not_found,
        "cannot run the prestart hook \"/none/hook\"");
    dir_.write("plain", "x");
    expect_error(
        [&] {
            run({{(dir_ / "plain").native(), {}, {}, {}}});
        },
        ErrorCode::permission_denied,
        "permission denied");
}

TEST_F(HooksTest, OfPoststopAllRunAndTheirFailuresAreCollected) {
    Hooks hooks;
    hooks.poststop = {shell("exit 1"), shell("touch ran"), shell("exit 2")};
    const auto failures = run_all_hooks(hooks,
                                        HookStage::poststop,
                                        {"{}", dir_.path(), {}},
                                        base::Deadline::after(std::chrono::seconds(60)));
    EXPECT_EQ(failures.size(), 2U);
    EXPECT_TRUE(std::filesystem::exists(dir_ / "ran"));
}

TEST(HookStages, AreNamedAsInTheFileAndTakeTheirOwnHooks) {
    Hooks hooks;
    const std::vector<std::pair<HookStage, std::vector<Hook>*>> stages{
        {HookStage::prestart, &hooks.prestart},
        {HookStage::create_runtime, &hooks.create_runtime},
        {HookStage::create_container, &hooks.create_container},
        {HookStage::start_container, &hooks.start_container},
        {HookStage::poststart, &hooks.poststart},
        {HookStage::poststop, &hooks.poststop}};
    const std::vector<std::string> names{
        "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"};
    for (std::size_t i = 0; i < stages.size(); ++i) {
        EXPECT_EQ(to_string(stages[i].first), names[i]);
        EXPECT_EQ(&hooks_of(hooks, stages[i].first), stages[i].second);
    }
}

}  // namespace
}  // namespace kata::oci
