#include "pkg/oci/spec_json.h"

#include "pkg/oci/default_spec.h"
#include "tests/unit/support/expect_error.h"

namespace kata::oci {
namespace {

using base::ErrorCode;
using test::error_of;
using test::expect_error;

void expect_refused(const std::string& text, const std::string& words) {
    expect_error(
        [&] { (void)parse_spec(text, "config.json"); }, ErrorCode::invalid_argument, words);
}

TEST(ParseSpec, ReadsEveryPartThatTheHostNeeds) {
    const Spec spec = parse_spec(
        R"({"ociVersion":"1.0.2","hostname":"h","domainname":"d","annotations":{"a.b":"c"},
        "process":{"terminal":true,"consoleSize":{"height":24,"width":80},"cwd":"/w",
          "user":{"uid":1,"gid":2,"umask":18,"additionalGids":[3,4]},"args":["a"],"env":["E=1"],
          "rlimits":[{"type":"RLIMIT_NOFILE","soft":1,"hard":18446744073709551615}],
          "oomScoreAdj":-5,"noNewPrivileges":true,"apparmorProfile":"p","selinuxLabel":"s",
          "capabilities":{"ambient":["CAP_KILL"]},
          "scheduler":{"policy":"SCHED_FIFO","priority":7,"flags":["F"]},
          "ioPriority":{"class":"IOPRIO_CLASS_BE","priority":4}},
        "root":{"path":"r","readonly":true},
        "mounts":[{"destination":"/d","type":"bind","source":"/s","options":["ro"]}],
        "hooks":{"poststop":[{"path":"/h","args":["x","y"],"env":["Z=1"],"timeout":9}]},
        "linux":{"namespaces":[{"type":"network","path":"/n"}],"cgroupsPath":"/c",
          "uidMappings":[{"containerID":0,"hostID":5,"size":6}],"rootfsPropagation":"rslave",
          "devices":[{"path":"/dev/x","type":"c","major":1,"minor":3,"fileMode":438}],
          "resources":{"memory":{"limit":-1,"swap":7},"pids":{"limit":8},
            "cpu":{"shares":1,"quota":-1,"period":3,"cpus":"0-1","mems":"0"},
            "devices":[{"allow":false,"access":"rwm"}]},
          "seccomp":{"defaultAction":"A","syscalls":[{"names":["n"],"action":"B",
            "args":[{"index":0,"value":1,"op":"C"}]}]},
          "sysctl":{"net.x":"1"},"maskedPaths":["/m"],"readonlyPaths":["/o"],
          "personality":{"domain":"LINUX32"}}})",
        "config.json");
    const Process& process = *spec.process;
    EXPECT_EQ(process.console_size->height, 24U);
    EXPECT_EQ(process.user.umask, 18U);
    EXPECT_EQ(process.user.additional_gids, (std::vector<std::uint32_t>{3, 4}));
    EXPECT_EQ(process.rlimits[0].hard, std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(process.oom_score_adj, -5);
    EXPECT_EQ(process.capabilities->ambient, std::vector<std::string>{"CAP_KILL"});
    EXPECT_EQ(process.scheduler->priority, 7);
    EXPECT_EQ(process.io_priority->io_class, "IOPRIO_CLASS_BE");
    EXPECT_EQ(process.document["cwd"], "/w");
    EXPECT_EQ(spec.annotations.at("a.b"), "c");
    EXPECT_EQ(spec.mounts[0].source, "/s");
    EXPECT_EQ(spec.hooks.poststop[0].timeout_seconds, 9);
    EXPECT_EQ(spec.hooks.poststop[0].args, (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(find_namespace(spec, "network")->path, "/n");
    EXPECT_EQ(find_namespace(spec, "pid"), nullptr);
    EXPECT_EQ(spec.linux_->uid_mappings[0].host_id, 5U);
    EXPECT_EQ(spec.linux_->devices[0].file_mode, 438U);
    EXPECT_EQ(spec.linux_->resources.memory.limit, -1);
    EXPECT_EQ(spec.linux_->resources.cpu.quota, -1);
    EXPECT_EQ(spec.linux_->resources.pids_limit, 8);
    EXPECT_EQ(spec.linux_->resources.devices[0].access, "rwm");
    EXPECT_EQ(spec.linux_->seccomp->syscalls[0].operators, std::vector<std::string>{"C"});
    EXPECT_EQ(spec.linux_->personality_domain, "LINUX32");
}

TEST(ParseSpec, KeepsUnknownPropertiesAndTakesNullAsAbsent) {
    const Spec spec = parse_spec(
        R"({"future":{"x":[1.5]},"process":null,"mounts":null,"annotations":null})", "c");
    EXPECT_EQ(spec.document["future"]["x"][0], 1.5);
    EXPECT_FALSE(spec.process.has_value());
    EXPECT_TRUE(spec.mounts.empty());
}

TEST(ParseSpec, RefusesEveryTruncationWithLineAndColumn) {
    const std::string whole = default_spec_json();
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const auto error =
            error_of([&] { (void)parse_spec(std::string_view(whole).substr(0, length), "c"); });
        ASSERT_TRUE(error) << length;
        EXPECT_EQ(error->code(), ErrorCode::invalid_argument);
        EXPECT_THAT(error->what(), testing::StartsWith("cannot parse \"c\": line ")) << length;
    }
    EXPECT_NO_THROW((void)parse_spec(whole + "\n \n", "c"));
}

TEST(ParseSpec, PointsAtTheByteThatIsWrong) {
    expect_refused("{\n  \"a\": 1,\n  \"b\": x}",
                   "cannot parse \"config.json\": line 3, column 8: ");
    expect_refused("", "line 1, column 1: ");
    expect_refused("{} {}", "line 1, column 4: ");
    expect_refused("{\"a\": 1e999}", "number overflow");
    expect_refused("{\"a\" 5}", "line 1, column 6: ");
}

TEST(ParseSpec, RefusesWhatTwoReadersCouldReadDifferently) {
    expect_refused(R"({"process":{"args":["a"],"cwd":"/","args":["b"]}})",
                   "process.args is written twice");
    expect_refused(R"({"mounts":[{},{"x y":1,"x y":2}]})", "mounts[1][\"x y\"] is written twice");
    expect_refused(R"({"process":{"args":["a\u0000b"]}})",
                   "a string in process.args holds a NUL character");
    expect_refused(R"({"a\u0000":1})", "NUL");
    expect_refused(std::string("{\"a\": \"b\0\"}", 11), "line 1, column 9: ");
    expect_refused(std::string("{}\n\0{", 5), "line 2, column 1: ");
    expect_refused("{\"a\": \"\xff\"}", "UTF-8");
    expect_refused("{\"a\": \"\xc3\"}", "UTF-8");
    expect_refused(R"({"a": "\ud800"})", "surrogate");
}

TEST(ParseSpec, RefusesDeepNestingOfAnyDepth) {
    for (const std::size_t depth : {kMaxNesting + 1, std::size_t{1000000}}) {
        expect_refused("{\"a\":" + std::string(depth, '['), "nested deeper than 512 levels");
    }
    const std::string deep = std::string(kMaxNesting - 1, '[') + std::string(kMaxNesting - 1, ']');
    EXPECT_NO_THROW((void)parse_spec("{\"a\":" + deep + "}", "c"));
}

TEST(ParseSpec, ReadsALargeFlatDocument) {
    std::string text = "{\"mounts\":[{}";
    for (int i = 0; i < 200000; ++i) {
        text += ",{}";
    }
    EXPECT_EQ(parse_spec(text + "]}", "c").mounts.size(), 200001U);
}

struct WrongType {
    const char* text;
    const char* words;
};

class ParseSpecTypes : public testing::TestWithParam<WrongType> {};

TEST_P(ParseSpecTypes, AreRefusedByTheirPath) {
    expect_refused(GetParam().text, std::string("cannot use \"config.json\": ") + GetParam().words);
}

INSTANTIATE_TEST_SUITE_P(
    Wrong,
    ParseSpecTypes,
    testing::Values(
        WrongType{"[]", "the document must be an object, not an array"},
        WrongType{"null", "the document must be an object, not null"},
        WrongType{R"({"root":5})", "root must be an object, not a number"},
        WrongType{R"({"process":{"args":["a",5]}})",
                  "process.args[1] must be a string, not a number"},
        WrongType{R"({"process":{"args":"sh"}})", "process.args must be an array, not a string"},
        WrongType{R"({"process":{"args":[null]}})", "process.args[0] must be a string, not null"},
        WrongType{R"({"process":{"terminal":1}})",
                  "process.terminal must be a boolean, not a number"},
        WrongType{R"({"process":{"user":{"uid":-1}}})",
                  "process.user.uid must be an integer between 0 and 4294967295, not -1"},
        WrongType{R"({"process":{"user":{"uid":4294967296}}})", "process.user.uid must be an"},
        WrongType{R"({"process":{"user":{"uid":1.5}}})", "process.user.uid must be an integer"},
        WrongType{R"({"process":{"user":{"uid":"0"}}})", "process.user.uid must be a number"},
        WrongType{R"({"process":{"oomScoreAdj":99999999999}})",
                  "process.oomScoreAdj must be an integer"},
        WrongType{R"({"linux":{"resources":{"memory":{"limit":9223372036854775808}}}})",
                  "linux.resources.memory.limit must be an integer"},
        WrongType{R"({"linux":{"namespaces":{}}})",
                  "linux.namespaces must be an array, not an object"},
        WrongType{R"({"mounts":[5]})", "mounts[0] must be an object, not a number"},
        WrongType{R"({"annotations":{"a.b":1}})",
                  "annotations[\"a.b\"] must be a string, not a number"},
        WrongType{R"({"hooks":{"prestart":[{"path":true}]}})",
                  "hooks.prestart[0].path must be a string, not a boolean"},
        WrongType{R"({"linux":{"seccomp":{"syscalls":[{"args":[{"op":{}}]}]}}})",
                  "linux.seccomp.syscalls[0].args[0].op must be a string, not an object"}));

TEST(ParseProcess, ReadsTheObjectOfExec) {
    const Process process =
        parse_process(R"({"args":["ls"],"cwd":"/","user":{"uid":0,"gid":0},"x":1})", "p.json");
    EXPECT_EQ(process.args[0], "ls");
    EXPECT_EQ(process.document["x"], 1);
    expect_error([] { (void)parse_process(R"({"args":[{}]})", "p.json"); },
                 ErrorCode::invalid_argument,
                 "cannot use \"p.json\": args[0] must be a string, not an object");
}

TEST(ParseResources, ReadsWhatDockerUpdateSends) {
    const Resources resources =
        parse_resources(R"({"memory":{"limit":0},"cpu":{"shares":0},"blockIO":{"weight":0}})", "-");
    EXPECT_EQ(resources.memory.limit, 0);
    EXPECT_FALSE(resources.cpu.quota.has_value());
    EXPECT_TRUE(resources.document.contains("blockIO"));
}

}  // namespace
}  // namespace kata::oci
