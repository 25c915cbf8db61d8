#include "pkg/oci/spec_validate.h"

#include <functional>

#include "pkg/oci/default_spec.h"
#include "pkg/oci/spec_json.h"
#include "tests/unit/support/expect_error.h"

namespace kata::oci {
namespace {

using base::ErrorCode;
using test::error_of;
using test::expect_error;

// The default spec with a JSON merge patch on it: null removes a member.
Spec patched(const char* patch) {
    nlohmann::json document = nlohmann::json::parse(default_spec_json());
    document.merge_patch(nlohmann::json::parse(patch));
    return parse_spec(document.dump(), "config.json");
}

struct Rule {
    const char* patch;
    ErrorCode code;
    const char* words;
};

constexpr auto kInvalid = ErrorCode::invalid_argument;
constexpr auto kUnsupported = ErrorCode::unsupported;

class BrokenRule : public testing::TestWithParam<Rule> {};

TEST_P(BrokenRule, IsNamedByItsPath) {
    const Spec spec = patched(GetParam().patch);
    const auto error = error_of([&] { (void)validate(spec); });
    ASSERT_TRUE(error) << GetParam().patch;
    EXPECT_EQ(error->code(), GetParam().code) << error->what();
    EXPECT_THAT(error->what(), testing::StartsWith(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    Top,
    BrokenRule,
    testing::Values(
        Rule{R"({"ociVersion":null})", kInvalid, "ociVersion must be set"},
        Rule{R"({"ociVersion":"1.0"})", kInvalid, "ociVersion must be a semantic version"},
        Rule{R"({"ociVersion":"one"})", kInvalid, "ociVersion must be a semantic version"},
        Rule{R"({"ociVersion":"2.0.0"})", kUnsupported, "ociVersion \"2.0.0\" is not supported"},
        Rule{R"({"ociVersion":"0.9.0"})", kUnsupported, "ociVersion"},
        Rule{R"({"root":null})", kInvalid, "root must be set"},
        Rule{R"({"root":{"path":""}})", kInvalid, "root.path must not be empty"},
        Rule{R"({"hostname":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})",
             kInvalid,
             "hostname must not be longer"},
        Rule{R"({"mounts":[{"destination":""}]})", kInvalid, "mounts[0].destination"},
        Rule{R"({"mounts":[{"destination":"/a","type":"bind"}]})", kInvalid, "mounts[0].source"},
        Rule{R"({"mounts":[{"destination":"/a","source":"/b","options":["idmap"]}]})",
             kUnsupported,
             "mounts[0].options[0]"},
        Rule{R"({"mounts":[{"destination":"/a","uidMappings":[{"size":1}]}]})",
             kUnsupported,
             "mounts[0].uidMappings"},
        Rule{R"({"hooks":{"prestart":[{"path":"/a"},{"path":"b"}]}})",
             kInvalid,
             "hooks.prestart[1].path must be an absolute path"},
        Rule{R"({"hooks":{"createRuntime":[{"path":""}]}})", kInvalid, "hooks.createRuntime[0]"},
        Rule{R"({"hooks":{"poststop":[{"path":"/a","timeout":0}]}})",
             kInvalid,
             "hooks.poststop[0].timeout must be more than 0"}));

INSTANTIATE_TEST_SUITE_P(
    Process,
    BrokenRule,
    testing::Values(
        Rule{R"({"process":null})", kInvalid, "process property must not be empty"},
        Rule{R"({"process":{"args":[]}})", kInvalid, "process.args must not be empty"},
        Rule{R"({"process":{"cwd":null}})", kInvalid, "process.cwd must not be empty"},
        Rule{R"({"process":{"cwd":"tmp"}})", kInvalid, "process.cwd must be an absolute path"},
        Rule{R"({"process":{"env":["A=1","B"]}})", kInvalid, "process.env[1]"},
        Rule{R"({"process":{"env":["=1"]}})", kInvalid, "process.env[0]"},
        Rule{R"({"process":{"user":{"uid":4294967295}}})", kInvalid, "process.user.uid"},
        Rule{R"({"process":{"user":{"gid":2147483648}}})", kInvalid, "process.user.gid"},
        Rule{R"({"process":{"user":{"additionalGids":[1,4294967295]}}})",
             kInvalid,
             "process.user.additionalGids[1]"},
        Rule{R"({"process":{"user":{"umask":512}}})", kInvalid, "process.user.umask"},
        Rule{R"({"process":{"rlimits":[{"type":"RLIMIT_X"}]}})",
             kInvalid,
             "process.rlimits[0].type has the unknown value \"RLIMIT_X\"; use one of RLIMIT_AS"},
        Rule{R"({"process":{"rlimits":[{"type":"RLIMIT_CPU"},{"type":"RLIMIT_CPU"}]}})",
             kInvalid,
             "process.rlimits[1].type repeats"},
        Rule{R"({"process":{"rlimits":[{"type":"RLIMIT_CPU","soft":2,"hard":1}]}})",
             kInvalid,
             "process.rlimits[0].soft"},
        Rule{R"({"process":{"oomScoreAdj":1001}})", kInvalid, "process.oomScoreAdj"},
        Rule{
            R"({"process":{"scheduler":{"policy":"FIFO"}}})", kInvalid, "process.scheduler.policy"},
        Rule{R"({"process":{"scheduler":{"policy":"SCHED_RR","flags":["X"]}}})",
             kInvalid,
             "process.scheduler.flags[0]"},
        Rule{R"({"process":{"scheduler":{"policy":"SCHED_RR","nice":20}}})",
             kInvalid,
             "process.scheduler.nice"},
        Rule{R"({"process":{"ioPriority":{"class":"RT"}}})", kInvalid, "process.ioPriority.class"},
        Rule{R"({"process":{"ioPriority":{"class":"IOPRIO_CLASS_RT","priority":8}}})",
             kInvalid,
             "process.ioPriority.priority"}));

INSTANTIATE_TEST_SUITE_P(
    Linux,
    BrokenRule,
    testing::Values(
        Rule{R"({"linux":null})", kUnsupported, "linux.namespaces has no \"network\""},
        Rule{R"({"linux":{"namespaces":[{"type":"pid"}]}})",
             kUnsupported,
             "linux.namespaces has no \"network\": host networking"},
        Rule{R"({"linux":{"namespaces":[{"type":"network","path":"/proc/1/ns/net"}]}})",
             kUnsupported,
             "linux.namespaces names the host's"},
        Rule{R"({"linux":{"namespaces":[{"type":"net"}]}})", kInvalid, "linux.namespaces[0].type"},
        Rule{R"({"linux":{"namespaces":[{"type":"pid"},{"type":"pid"}]}})",
             kInvalid,
             "linux.namespaces[1].type repeats \"pid\""},
        Rule{R"({"linux":{"namespaces":[{"type":"pid","path":"x"}]}})",
             kInvalid,
             "linux.namespaces[0].path"},
        Rule{R"({"linux":{"namespaces":[{"type":"network"},{"type":"user"}]}})",
             kUnsupported,
             "linux.namespaces[1] asks for a user namespace"},
        Rule{R"({"linux":{"uidMappings":[{"size":1}]}})", kUnsupported, "linux.uidMappings"},
        Rule{R"({"linux":{"gidMappings":[{"size":1}]}})", kUnsupported, "linux.gidMappings"},
        Rule{R"({"linux":{"rootfsPropagation":"public"}})", kInvalid, "linux.rootfsPropagation"},
        Rule{R"({"linux":{"cgroupsPath":"/a/../b"}})", kInvalid, "linux.cgroupsPath"},
        Rule{R"({"linux":{"devices":[{"path":"dev/x","type":"c"}]}})",
             kInvalid,
             "linux.devices[0].path"},
        Rule{R"({"linux":{"devices":[{"path":"/dev/x","type":"d"}]}})",
             kInvalid,
             "linux.devices[0].type"},
        Rule{R"({"linux":{"resources":{"devices":[{"type":"x"}]}}})",
             kInvalid,
             "linux.resources.devices[0].type"},
        Rule{R"({"linux":{"resources":{"devices":[{"access":"rx"}]}}})",
             kInvalid,
             "linux.resources.devices[0].access"},
        Rule{R"({"linux":{"resources":{"memory":{"limit":-2}}}})",
             kInvalid,
             "linux.resources.memory.limit"},
        Rule{R"({"linux":{"resources":{"cpu":{"cpus":"all"}}}})",
             kInvalid,
             "linux.resources.cpu.cpus"},
        Rule{R"({"linux":{"seccomp":{"defaultAction":"ALLOW"}}})",
             kInvalid,
             "linux.seccomp.defaultAction"},
        Rule{R"({"linux":{"seccomp":{"defaultAction":"SCMP_ACT_LOG","architectures":["X"]}}})",
             kInvalid,
             "linux.seccomp.architectures[0]"},
        Rule{R"({"linux":{"seccomp":{"defaultAction":"SCMP_ACT_LOG","flags":["X"]}}})",
             kInvalid,
             "linux.seccomp.flags[0]"},
        Rule{R"({"linux":{"seccomp":{"defaultAction":"SCMP_ACT_LOG","listenerPath":"/s"}}})",
             kUnsupported,
             "linux.seccomp.listenerPath"},
        Rule{
            R"({"linux":{"seccomp":{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["a"],"action":"X"}]}}})",
            kInvalid,
            "linux.seccomp.syscalls[0].action"},
        Rule{
            R"({"linux":{"seccomp":{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"action":"SCMP_ACT_LOG"}]}}})",
            kInvalid,
            "linux.seccomp.syscalls[0].names"},
        Rule{
            R"({"linux":{"seccomp":{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["a"],"action":"SCMP_ACT_LOG","args":[{"op":"EQ"}]}]}}})",
            kInvalid,
            "linux.seccomp.syscalls[0].args[0].op"},
        Rule{R"({"linux":{"sysctl":{"net/../../x":"1"}}})",
             kInvalid,
             "linux.sysctl[\"net/../../x\"]"},
        Rule{R"({"linux":{"sysctl":{"/etc":"1"}}})", kInvalid, "linux.sysctl"},
        Rule{R"({"linux":{"sysctl":{"net.x":"1\n2"}}})", kInvalid, "linux.sysctl"},
        Rule{R"({"linux":{"maskedPaths":["/a","b"]}})", kInvalid, "linux.maskedPaths[1]"},
        Rule{R"({"linux":{"readonlyPaths":["b"]}})", kInvalid, "linux.readonlyPaths[0]"},
        Rule{R"({"linux":{"personality":{"domain":"BSD"}}})", kInvalid, "linux.personality.domain"},
        Rule{R"({"linux":{"intelRdt":{"closID":"x"}}})", kUnsupported, "linux.intelRdt"},
        Rule{R"({"linux":{"timeOffsets":{"monotonic":{"secs":1}}}})",
             kUnsupported,
             "linux.timeOffsets"},
        Rule{R"({"hostname":"h","linux":{"namespaces":[{"type":"network"}]}})",
             kInvalid,
             "hostname is set: unable to set hostname without a private UTS namespace"},
        Rule{R"({"hostname":"","domainname":"d","linux":{"namespaces":[{"type":"network"}]}})",
             kInvalid,
             "domainname is set"}));

class KeptRule : public testing::TestWithParam<const char*> {};

TEST_P(KeptRule, IsAcceptedWithoutAWarning) {
    EXPECT_THAT(validate(patched(GetParam())), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Accepted,
    KeptRule,
    testing::Values(
        "{}",
        R"({"ociVersion":"1.2.1+dev"})",
        R"({"ociVersion":"1.0.0-rc5-dev"})",
        R"({"unknown":{"value":1},"linux":{"unknown":1}})",
        R"({"annotations":{"any.thing":"x"}})",
        R"({"process":{"args":[""]}})",
        R"({"process":{"env":["A=","B==","LANG=ä"]}})",
        R"({"process":{"oomScoreAdj":-1000}})",
        R"({"process":{"rlimits":[{"type":"RLIMIT_CORE","soft":0,"hard":18446744073709551615}]}})",
        R"({"mounts":[{"destination":"/a","type":"bind","source":"/b","options":["rbind","rro","x=y"]}]})",
        R"({"linux":{"rootfsPropagation":"rslave"}})",
        R"({"linux":{"cgroupsPath":"machine.slice:libpod:abc..d"}})",
        R"({"linux":{"sysctl":{"net.ipv4.conf.eth0/1.forwarding":"1","kernel.shmmax":"1"}}})",
        R"({"linux":{"resources":{"memory":{"limit":0,"swap":-1},"cpu":{"cpus":"0-3,7"}}}})",
        R"({"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_S390"]}}})",
        R"({"linux":{"intelRdt":null}})"));

TEST(Validate, WarnsOfWhatIsOddAndAllowed) {
    const Warnings warnings = validate(patched(
        R"({"process":{"capabilities":{"bounding":["CAP_KILL","CAP_FUTURE"]}},
            "mounts":[{"destination":"data"}]})"));
    ASSERT_EQ(warnings.size(), 2U);
    EXPECT_THAT(warnings[0],
                testing::StartsWith("process.capabilities.bounding[1] \"CAP_FUTURE\""));
    EXPECT_THAT(warnings[1], testing::StartsWith("mounts[0].destination \"data\" is relative"));
}

TEST(Validate, NamesPathsOfAnExecProcessFromItsFile) {
    Process process;
    process.cwd = "/";
    expect_error([&] { (void)validate(process, ""); }, kInvalid, "args must not be empty");
    process.args = {"x"};
    EXPECT_THAT(validate(process, ""), testing::IsEmpty());
}

TEST(Validate, ShowsHostileValuesWithoutEscapes) {
    Spec spec = patched("{}");
    spec.linux_->rootfs_propagation = "\x1b[2J" + std::string(5000, 'x');
    const auto error = error_of([&] { (void)validate(spec); });
    ASSERT_TRUE(error);
    EXPECT_THAT(error->what(), testing::Not(testing::HasSubstr("\x1b")));
    EXPECT_LT(std::string(error->what()).size(), 600U);
}

}  // namespace
}  // namespace kata::oci
