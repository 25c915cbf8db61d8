#include "cli/exec_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pkg/base/error.h"
#include "pkg/oci/spec_json.h"

// A case names the options it is about; the others keep their defaults.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace kata::cli {
namespace {

using nlohmann::json;

oci::Process containers_process() {
    return oci::parse_process(R"({"terminal":true,"user":{"uid":5,"gid":6,"additionalGids":[7]},
        "args":["sh"],"env":["A=1"],"cwd":"/w","noNewPrivileges":true,
        "capabilities":{"bounding":["CAP_KILL"],"effective":["CAP_KILL"],"permitted":["CAP_KILL"]},
        "rlimits":[{"type":"RLIMIT_NOFILE","soft":10,"hard":20}],"x-unknown":[1]})",
                              "test");
}

json process(const ExecProcessOptions& options, const oci::Process& base = containers_process()) {
    return json::parse(exec_process_json(base, options));
}

TEST(ExecProcess, KeepsTheContainersProcessButNotItsArgumentsAndTerminal) {
    json expected = containers_process().document;
    expected["args"] = {"id", "-u"};
    expected["terminal"] = false;
    EXPECT_EQ(process({.args = {"id", "-u"}}), expected);
}

TEST(ExecProcess, HasATerminalOnlyIfTheOptionsSaySo) {
    EXPECT_EQ(process({.args = {"sh"}, .tty = true})["terminal"], true);
}

TEST(ExecProcess, TakesUserAndGroup) {
    EXPECT_EQ(process({.args = {"sh"}, .user = "1000"})["user"],
              (json{{"uid", 1000}, {"gid", 6}, {"additionalGids", {7}}}));
    EXPECT_EQ(process({.args = {"sh"}, .user = "0:100", .additional_gids = {"8", "9"}})["user"],
              (json{{"uid", 0}, {"gid", 100}, {"additionalGids", {7, 8, 9}}}));
}

TEST(ExecProcess, AddsToTheEnvironment) {
    EXPECT_EQ(process({.args = {"sh"}, .env = {"B=", "A=2"}})["env"], (json{"A=1", "B=", "A=2"}));
}

TEST(ExecProcess, AddsCapabilitiesToAllSetsButInheritable) {
    const json sets = process({.args = {"sh"}, .capabilities = {"CAP_CHOWN"}})["capabilities"];
    for (const char* set : {"bounding", "effective", "permitted"}) {
        EXPECT_EQ(sets[set], (json{"CAP_KILL", "CAP_CHOWN"})) << set;
    }
    EXPECT_EQ(sets["ambient"], (json{"CAP_CHOWN"}));
    EXPECT_FALSE(sets.contains("inheritable"));
}

TEST(ExecProcess, TakesTheOtherOptions) {
    const json result = process({.args = {"sh"},
                                 .cwd = "/tmp",
                                 .process_label = "a:b:c:s0",
                                 .apparmor = "profile",
                                 .no_new_privileges = false});
    EXPECT_EQ(result["cwd"], "/tmp");
    EXPECT_EQ(result["selinuxLabel"], "a:b:c:s0");
    EXPECT_EQ(result["apparmorProfile"], "profile");
    EXPECT_EQ(result["noNewPrivileges"], false);
}

TEST(ExecProcess, WorksOnAProcessWithTheLeastInIt) {
    const auto base = oci::parse_process(R"({"args":["sh"],"cwd":"/"})", "test");
    const json result = process({.args = {"true"},
                                 .env = {"A=1"},
                                 .user = "1",
                                 .additional_gids = {"2"},
                                 .capabilities = {"CAP_KILL"}},
                                base);
    EXPECT_EQ(result["env"], (json{"A=1"}));
    EXPECT_EQ(result["user"], (json{{"uid", 1}, {"additionalGids", {2}}}));
}

struct Refusal {
    ExecProcessOptions options;
    std::string message;
};

class BadExec : public testing::TestWithParam<Refusal> {};

TEST_P(BadExec, IsRefusedByName) {
    try {
        static_cast<void>(exec_process_json(containers_process(), GetParam().options));
        FAIL() << "nothing was thrown";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.code(), base::ErrorCode::invalid_argument);
        EXPECT_THAT(error.what(), testing::HasSubstr(GetParam().message));
    }
}

INSTANTIATE_TEST_SUITE_P(
    All,
    BadExec,
    testing::Values(Refusal{{.args = {"sh"}, .env = {"NAME"}}, "\"NAME\": missing '='"},
                    Refusal{{.args = {"sh"}, .env = {"=x"}}, "\"=x\": the name is empty"},
                    Refusal{{.args = {"sh"}, .user = "bob"}, "\"bob\" for option --user"},
                    Refusal{{.args = {"sh"}, .user = "1:"}, "\"\" for option --user"},
                    Refusal{{.args = {"sh"}, .user = "-1"}, "\"-1\" for option --user"},
                    Refusal{{.args = {"sh"}, .user = "4294967296"}, "for option --user"},
                    Refusal{{.args = {"sh"}, .additional_gids = {"x"}}, "--additional-gids"},
                    Refusal{{.args = {"sh"}, .cwd = "relative"}, "cwd"},
                    Refusal{{.args = {}}, "args"}));

}  // namespace
}  // namespace kata::cli
