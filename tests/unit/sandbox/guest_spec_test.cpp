#include "pkg/sandbox/guest_spec.h"

#include <gtest/gtest.h>

#include "pkg/oci/spec_json.h"

namespace kata::sandbox {
namespace {

using nlohmann::json;

constexpr const char* kRoot = "/run/kata-containers/shared/containers/c1/rootfs";

json convert(const json& document,
             const MountPlan& plan = {},
             const GuestNamespaces& namespaces = {}) {
    json whole = document;
    whole["ociVersion"] = "1.3.0";
    whole["root"] = {{"path", "/host/rootfs"}, {"readonly", true}};
    const oci::Spec spec = oci::parse_spec(whole.dump(), "config.json");
    return json::parse(guest_spec(spec, plan, namespaces, "c1", kRoot));
}

PlannedMount planned(PlannedMount::Kind kind, std::size_t index) {
    PlannedMount mount;
    mount.kind = kind;
    mount.index = index;
    return mount;
}

TEST(GuestSpec, MovesTheRootIntoTheGuestAndKeepsItReadOnly) {
    const json guest = convert(json::object());
    EXPECT_EQ(guest["root"]["path"], kRoot);
    EXPECT_EQ(guest["root"]["readonly"], true);
    EXPECT_EQ(guest["linux"]["cgroupsPath"], "/kata/c1");
}

TEST(GuestSpec, HasTheAnnotationsThatTheGuestObeysAndNoOthers) {
    const oci::Spec spec = oci::parse_spec(
        R"({"ociVersion": "1.0.2", "root": {"path": "r"}, "annotations": {"run.oci.x": "1"}})",
        "config.json");
    const json guest = json::parse(guest_spec(spec, {}, {}, "c1", kRoot, {}, {{"a", "b"}}));
    EXPECT_EQ(guest["annotations"], json({{"a", "b"}}));
}

TEST(GuestSpec, KeepsTheProcessInFullButForLabels) {
    const json process = {
        {"args", {"sh"}},
        {"cwd", "/"},
        {"env", {"A=1"}},
        {"user", {{"uid", 1}, {"gid", 2}, {"umask", 18}, {"additionalGids", {3, 4}}}},
        {"capabilities", {{"bounding", {"CAP_KILL"}}}},
        {"rlimits", {{{"type", "RLIMIT_NOFILE"}, {"soft", 1}, {"hard", 2}}}},
        {"noNewPrivileges", true},
        {"oomScoreAdj", 5},
        {"scheduler", {{"policy", "SCHED_BATCH"}}},
        {"ioPriority", {{"class", "IOPRIO_CLASS_BE"}, {"priority", 3}}},
        {"apparmorProfile", "docker-default"},
        {"selinuxLabel", "x:y:z"}};
    json expected = process;
    expected.erase("apparmorProfile");
    expected.erase("selinuxLabel");
    EXPECT_EQ(convert({{"process", process}})["process"], expected);
}

TEST(GuestSpec, LeavesOutCapabilitiesThatTheGuestCannotKnow) {
    const json process = {
        {"args", {"sh"}},
        {"cwd", "/"},
        {"capabilities", {{"bounding", {"CAP_KILL", "CAP_FROM_THE_FUTURE"}}, {"ambient", json()}}}};
    const json guest = convert({{"process", process}})["process"]["capabilities"];
    EXPECT_EQ(guest["bounding"], json({"CAP_KILL"}));
    EXPECT_EQ(guest["ambient"], json::array());
}

TEST(GuestSpec, KeepsWhatProtectsTheContainer) {
    const json linux_section = {{"seccomp", {{"defaultAction", "SCMP_ACT_ALLOW"}}},
                                {"maskedPaths", {"/proc/kcore"}},
                                {"readonlyPaths", {"/proc/sys"}},
                                {"sysctl", {{"kernel.msgmax", "1"}}},
                                {"personality", {{"domain", "LINUX32"}}}};
    const json guest = convert({{"linux", linux_section}, {"hostname", "h"}, {"domainname", "d"}});
    for (const auto& [name, value] : linux_section.items()) {
        EXPECT_EQ(guest["linux"][name], value) << name;
    }
    EXPECT_EQ(guest["hostname"], "h");
    EXPECT_EQ(guest["domainname"], "d");
}

TEST(GuestSpec, LeavesOnlyTheHookThatRunsInTheContainer) {
    const json hook = json::array({{{"path", "/bin/true"}}});
    const json guest = convert({{"hooks",
                                 {{"prestart", hook},
                                  {"createRuntime", hook},
                                  {"createContainer", hook},
                                  {"startContainer", hook},
                                  {"poststart", hook},
                                  {"poststop", hook}}}});
    EXPECT_EQ(guest["hooks"], json({{"startContainer", hook}}));
    EXPECT_FALSE(convert({{"hooks", {{"poststop", hook}}}}).contains("hooks"));
}

TEST(GuestSpec, DropsNamespacesAndPathsOfTheHost) {
    const json guest = convert({{"linux",
                                 {{"namespaces",
                                   {{{"type", "network"}, {"path", "/run/netns/x"}},
                                    {{"type", "ipc"}, {"path", "/proc/7/ns/ipc"}},
                                    {{"type", "pid"}}}}}}});
    EXPECT_EQ(guest["linux"]["namespaces"],
              json({{{"type", "ipc"}}, {{"type", "pid"}}, {{"type", "cgroup"}}}));
}

TEST(GuestSpec, NamesTheMemberWithWhomANamespaceIsShared) {
    GuestNamespaces namespaces;
    namespaces.of_member["ipc"] = "infra";
    namespaces.of_guest.insert("pid");
    const json guest = convert({{"linux",
                                 {{"namespaces",
                                   {{{"type", "pid"}, {"path", "/proc/1/ns/pid"}},
                                    {{"type", "ipc"}, {"path", "/proc/7/ns/ipc"}},
                                    {{"type", "mount"}}}}}}},
                               {},
                               namespaces);
    EXPECT_EQ(guest["linux"]["namespaces"],
              json({{{"type", "ipc"}, {"path", "container:infra"}},
                    {{"type", "mount"}},
                    {{"type", "cgroup"}}}));
}

TEST(GuestSpec, ShowsAContainerItsOwnCgroupsWhateverTheHostHas) {
    const json own = json({{{"type", "cgroup"}}});
    EXPECT_EQ(convert(json::object())["linux"]["namespaces"], own);
    EXPECT_EQ(convert({{"linux", {{"namespaces", own}}}})["linux"]["namespaces"], own);
}

TEST(GuestSpec, RewritesASharedBindAndLeavesTheOthers) {
    MountPlan plan;
    plan.mounts = {planned(PlannedMount::Kind::guest, 0),
                   planned(PlannedMount::Kind::shared, 1),
                   planned(PlannedMount::Kind::shared_memory, 2)};
    plan.mounts[1].share_path = "c1/volumes/1";
    plan.mounts[2].size_bytes = 4096;
    plan.mounts[2].memory_key = "7-8";
    const json guest =
        convert({{"mounts",
                  {{{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}},
                   {{"destination", "/v"},
                    {"type", "none"},
                    {"source", "/host/v"},
                    {"options", {"rbind", "ro"}}},
                   {{"destination", "/dev/shm"}, {"type", "bind"}, {"source", "/host/shm"}}}}},
                plan);
    EXPECT_EQ(guest["mounts"][0]["source"], "proc");
    EXPECT_EQ(guest["mounts"][1]["source"], "/run/kata-containers/shared/containers/c1/volumes/1");
    EXPECT_EQ(guest["mounts"][1]["type"], "bind");
    EXPECT_EQ(guest["mounts"][1]["options"], json({"rbind", "ro"}));
    EXPECT_EQ(guest["mounts"][2]["type"], "tmpfs");
    EXPECT_EQ(guest["mounts"][2]["source"], "shared-memory:7-8");
    EXPECT_EQ(guest["mounts"][2]["options"].back(), "size=4096");
}

TEST(GuestSpec, NamesWhatASymlinkOfTheHostLedTo) {
    MountPlan plan;
    plan.mounts = {planned(PlannedMount::Kind::guest_bind, 0)};
    plan.mounts[0].source.path = "/sys/kernel";
    const json guest = convert({{"mounts",
                                 {{{"destination", "/kernel"},
                                   {"type", "bind"},
                                   {"source", "/host/link"},
                                   {"options", {"bind"}}}}}},
                               plan);
    EXPECT_EQ(guest["mounts"][0]["source"], "/sys/kernel");
}

TEST(GuestSpec, AsksForMemoryOfTheGuestInPlaceOfAPodsVolume) {
    MountPlan plan;
    plan.mounts = {planned(PlannedMount::Kind::pod_memory, 0)};
    plan.mounts[0].memory_key = "7-8";
    plan.mounts[0].memory = {"hugetlbfs", {"pagesize=2M", "mode=777"}};
    const json guest = convert({{"mounts",
                                 {{{"destination", "/huge"},
                                   {"type", "bind"},
                                   {"source", "/host/huge"},
                                   {"options", {"rbind", "rprivate", "ro"}}}}}},
                               plan);
    EXPECT_EQ(guest["mounts"][0],
              json({{"destination", "/huge"},
                    {"type", "hugetlbfs"},
                    {"source", "pod-volume:7-8"},
                    {"options", {"rbind", "rprivate", "ro"}},
                    {"volumeOptions", {"pagesize=2M", "mode=777"}}}));
}

TEST(GuestSpec, KeepsOnlyLimitsOfHugePagesThatAskForSome) {
    const auto kept = [](const json& limits) {
        return convert(
            {{"linux", {{"resources", {{"hugepageLimits", limits}}}}}})["linux"]["resources"];
    };
    const json some = {{"pageSize", "2MB"}, {"limit", 4194304}};
    EXPECT_EQ(kept(json({some, {{"pageSize", "1GB"}, {"limit", 0}}}))["hugepageLimits"],
              json({some}));
    EXPECT_FALSE(kept(json({{{"pageSize", "1GB"}, {"limit", 0}}})).contains("hugepageLimits"));
    EXPECT_FALSE(kept(json({7, {{"limit", "x"}}})).contains("hugepageLimits"));
}

TEST(GuestSpec, LeavesMountsOutAndGivesSystemdTheCgroupsItWouldHaveHad) {
    MountPlan plan;
    plan.mounts = {planned(PlannedMount::Kind::guest, 0), planned(PlannedMount::Kind::left_out, 1)};
    const json guest = convert({{"mounts",
                                 {{{"destination", "/sys/fs/cgroup"},
                                   {"type", "cgroup"},
                                   {"source", "cgroup"},
                                   {"options", {"nosuid", "ro"}}},
                                  {{"destination", "/sys/fs/cgroup/systemd"},
                                   {"type", "bind"},
                                   {"source", "/sys/fs/cgroup/systemd"},
                                   {"options", {"bind"}}}}}},
                               plan);
    ASSERT_EQ(guest["mounts"].size(), 1U);
    EXPECT_EQ(guest["mounts"][0]["options"], json({"nosuid"}));
}

TEST(GuestSpec, HasTheGuestsNameWithoutAUtsNamespace) {
    GuestNamespaces namespaces;
    namespaces.of_guest.insert("uts");
    const json guest = convert({{"hostname", "h"}, {"domainname", "d"}}, {}, namespaces);
    EXPECT_FALSE(guest.contains("hostname"));
    EXPECT_FALSE(guest.contains("domainname"));
}

TEST(GuestSpec, DropsDevicesThatOnlyTheHostHas) {
    const json guest =
        convert({{"linux",
                  {{"devices",
                    {{{"path", "/dev/null"}, {"type", "c"}, {"major", 1}, {"minor", 3}},
                     {{"path", "/dev/fuse"}, {"type", "c"}, {"major", 10}, {"minor", 229}},
                     {{"path", "/dev/kvm"}, {"type", "c"}, {"major", 10}, {"minor", 232}},
                     {{"path", "/dev/sda"}, {"type", "b"}, {"major", 8}, {"minor", 0}}}}}}});
    ASSERT_EQ(guest["linux"]["devices"].size(), 2U);
    EXPECT_EQ(guest["linux"]["devices"][1]["path"], "/dev/fuse");
}

TEST(GuestSpec, KeepsLimitsButNotTheHostsCpuNumbers) {
    const json guest = convert({{"linux",
                                 {{"resources",
                                   {{"memory", {{"limit", 1000}, {"swappiness", 5}}},
                                    {"pids", {{"limit", 10}}},
                                    {"cpu", {{"shares", 512}, {"cpus", "0-3"}}},
                                    {"blockIO", {{"weight", 10}}}}}}}});
    EXPECT_EQ(guest["linux"]["resources"],
              json({{"memory", {{"limit", 1000}}},
                    {"pids", {{"limit", 10}}},
                    {"cpu", {{"shares", 512}}}}));
    EXPECT_EQ(guest["linux"]["sysctl"], json({{"vm.swappiness", "5"}}));
}

TEST(GuestSpec, TakesNoAnnotationAlong) {
    EXPECT_EQ(convert({{"annotations", {{"run.oci.handler", "krun"}}}})["annotations"],
              json::object());
}

TEST(GuestProcess, HasEachGroupOnce) {
    EXPECT_EQ(json::parse(guest_process(R"({"user":{"uid":1,"additionalGids":[29,50,29,1,50]}})")),
              json::parse(R"({"user":{"uid":1,"additionalGids":[29,50,1]}})"));
}

TEST(GuestProcess, LosesItsLabelsOnly) {
    EXPECT_EQ(json::parse(guest_process(R"({"args":["a"],"apparmorProfile":"p","cwd":"/"})")),
              json({{"args", {"a"}}, {"cwd", "/"}}));
}

}  // namespace
}  // namespace kata::sandbox
