#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pkg/agent/guest/boot.h"
#include "pkg/agent/guest/cgroup.h"
#include "pkg/agent/guest/dev_mount.h"
#include "pkg/agent/guest/device_modules.h"
#include "pkg/agent/guest/namespaces.h"
#include "pkg/agent/guest/network_sysctl.h"
#include "pkg/agent/guest/power_button.h"
#include "pkg/agent/guest/process_attributes.h"
#include "pkg/agent/guest/process_list.h"
#include "pkg/agent/guest/shared_memory.h"
#include "pkg/agent/guest/storage.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

TEST(ProcessList, KeepsTheHeaderAndTheContainersRows) {
    const std::string ps =
        "UID        PID  PPID CMD\n"
        "root         1     0 /init\n"
        "root       112     1 sleep 12\n"
        "root        12     1 sh -c 112\n";
    EXPECT_EQ(rows_of_processes(ps, {12}),
              "UID        PID  PPID CMD\nroot        12     1 sh -c 112\n");
    EXPECT_EQ(rows_of_processes(ps, {}), "UID        PID  PPID CMD\n");
}

TEST(ProcessList, RefusesOutputWithoutAPidColumn) {
    EXPECT_THROW((void)rows_of_processes("CMD\nsh\n", {1}), base::Error);
    EXPECT_THROW((void)rows_of_processes("", {1}), base::Error);
}

TEST(GuestSysctls, AreThoseThatNoNamespaceOfTheContainerHas) {
    auto spec = nlohmann::json::parse(
        R"({"linux":{"namespaces":[{"type":"ipc"}],
            "sysctl":{"net.core.somaxconn":"9","net/ipv4/ip_forward":"1","vm.swappiness":"2",
                      "kernel.domainname":"d","kernel.msgmax":"1","fs/mqueue/msg_max":"3"}}})");
    const std::map<std::string, std::string> taken{{"net.core.somaxconn", "9"},
                                                   {"net/ipv4/ip_forward", "1"},
                                                   {"vm.swappiness", "2"},
                                                   {"kernel.domainname", "d"}};
    EXPECT_EQ(take_guest_sysctls(spec), taken);
    EXPECT_EQ(spec["linux"]["sysctl"].dump(), R"({"fs/mqueue/msg_max":"3","kernel.msgmax":"1"})");
    auto empty = nlohmann::json::object();
    EXPECT_TRUE(take_guest_sysctls(empty).empty());
}

TEST(MemberNamespaces, BecomePathsOfTheMembersInit) {
    const std::string spec =
        R"({"linux":{"namespaces":[{"type":"ipc","path":"container:infra"},{"type":"pid"}]}})";
    const auto init_of = [](const std::string& id) {
        EXPECT_EQ(id, "infra");
        return pid_t{42};
    };
    EXPECT_EQ(
        with_member_namespaces(spec, init_of),
        R"({"linux":{"namespaces":[{"path":"/proc/42/ns/ipc","type":"ipc"},{"type":"pid"}]}})");
}

TEST(MemberNamespaces, LeaveASpecWithoutMembersByteByByte) {
    const std::string spec = R"({ "linux" : {"namespaces":[{"type":"ipc"}]} })";
    const auto nobody = [](const std::string&) -> pid_t { throw std::logic_error("asked"); };
    EXPECT_EQ(with_member_namespaces(spec, nobody), spec);
}

TEST(MemberNamespaces, RefuseTypesThatCannotBeShared) {
    const std::string spec =
        R"({"linux":{"namespaces":[{"type":"mount","path":"container:infra"}]}})";
    EXPECT_THROW((void)with_member_namespaces(spec, [](const std::string&) { return pid_t{42}; }),
                 base::Error);
}

TEST(DeviceModules, AreThoseOfTheDevicesThatAreAskedFor) {
    const std::string list = "c 10:200 /lib/deep.ko\nc 10:200 /lib/tun.ko\nb 7:0 /lib/loop.ko\n";
    const auto spec = nlohmann::json::parse(
        R"({"linux":{"devices":[{"type":"c","major":10,"minor":200},{"type":"c"},7]}})");
    EXPECT_EQ(modules_of_devices(spec, list),
              (std::vector<std::string>{"/lib/deep.ko", "/lib/tun.ko"}));
    EXPECT_TRUE(modules_of_devices(nlohmann::json::object(), list).empty());
    EXPECT_TRUE(modules_of_devices(spec, "").empty());
}

TEST(DevMount, ComesFirstWhereThereIsNone) {
    auto spec = nlohmann::json::parse(
        R"({"mounts":[{"destination":"/dev/pts","type":"devpts","source":"devpts"},7]})");
    const auto others = spec["mounts"];
    mount_dev(spec);
    ASSERT_EQ(spec["mounts"].size(), 3U);
    EXPECT_EQ(spec["mounts"][0]["destination"], "/dev");
    EXPECT_EQ(spec["mounts"][0]["type"], "tmpfs");
    EXPECT_EQ(spec["mounts"][1], others[0]);
    auto empty = nlohmann::json::object();
    mount_dev(empty);
    EXPECT_EQ(empty["mounts"].size(), 1U);
}

TEST(DevMount, LeavesOneThatIsThere) {
    for (const char* destination : {"/dev", "dev", "/dev/", "//dev/.", "/x/../dev"}) {
        const nlohmann::json before{
            {"mounts", {{{"destination", destination}, {"type", "bind"}, {"source", "/dev"}}}}};
        nlohmann::json spec = before;
        mount_dev(spec);
        EXPECT_EQ(spec, before) << destination;
    }
}

TEST(SharedMemory, TakesNoNameThatLeadsElsewhere) {
    SharedMemory memory("/nonexistent");
    for (const std::string key : {"", "..", "a/b", "A"}) {
        nlohmann::json spec{{"mounts",
                             {{{"destination", "/dev/shm"},
                               {"type", "tmpfs"},
                               {"source", "shared-memory:" + key}}}}};
        EXPECT_THROW(memory.attach("c1", spec), base::Error) << key;
    }
}

TEST(SharedMemory, LeavesOtherMountsAlone) {
    SharedMemory memory("/nonexistent");
    const nlohmann::json before{
        {"mounts", {{{"destination", "/tmp"}, {"type", "tmpfs"}, {"source", "tmpfs"}}}}};
    nlohmann::json spec = before;
    memory.attach("c1", spec);
    EXPECT_EQ(spec, before);
    memory.detach("c1");
}

TEST(NetworkSysctls, HaveEitherSeparatorAndNoWayOut) {
    EXPECT_EQ(sysctl_path("net.ipv4.conf.eth0/1.mtu"), "/proc/sys/net/ipv4/conf/eth0.1/mtu");
    EXPECT_EQ(sysctl_path("net/ipv4/conf/eth0.1/mtu"), "/proc/sys/net/ipv4/conf/eth0.1/mtu");
    for (const char* name : {"", "net/../kernel/x", "net.//.x", "/etc/passwd", "net./"}) {
        EXPECT_THROW((void)sysctl_path(name), base::Error) << name;
    }
}

TEST(ProcessAttributes, ReadsSchedulerIoPriorityAndOomScore) {
    const auto attributes = inherited_attributes(nlohmann::json::parse(R"({
        "scheduler": {"policy": "SCHED_DEADLINE", "runtime": 1, "deadline": 2, "period": 3,
                      "flags": ["SCHED_FLAG_RESET_ON_FORK"]},
        "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 4}, "oomScoreAdj": -5})"));
    ASSERT_TRUE(attributes.scheduler);
    EXPECT_EQ(attributes.scheduler->policy, 6U);
    EXPECT_EQ(attributes.scheduler->period, 3U);
    EXPECT_EQ(attributes.scheduler->flags, 1U);
    EXPECT_EQ(attributes.io_priority, 2 << 13 | 4);
    EXPECT_EQ(attributes.oom_score_adjustment, -5);
}

TEST(ProcessAttributes, AreNoneByDefaultAndRefusedWhenUnknown) {
    const auto none = inherited_attributes(nlohmann::json::parse(R"({"args": ["sh"]})"));
    EXPECT_FALSE(none.scheduler || none.io_priority || none.oom_score_adjustment);
    for (const char* wrong : {R"({"scheduler": {"policy": "SCHED_NEW"}})",
                              R"({"scheduler": {"nice": 1}})",
                              R"({"oomScoreAdj": "much"})",
                              R"({"ioPriority": {"class": 3}})"}) {
        EXPECT_THROW((void)inherited_attributes(nlohmann::json::parse(wrong)), base::Error);
    }
}

TEST(MountOptions, SeparateFlagsFromWhatTheFileSystemReads) {
    const MountOptions options =
        parse_mount_options({"ro", "nosuid", "size=5", "", "mode=1777", "defaults"});
    EXPECT_EQ(options.flags, static_cast<unsigned long>(MS_RDONLY | MS_NOSUID));
    EXPECT_EQ(options.data, "size=5,mode=1777");
}

TEST(ModuleList, SkipsCommentsAndBlankLines) {
    EXPECT_EQ(parse_module_list("# boot\n\n/lib/a.ko\n  /lib/b.ko  # two\n"),
              (std::vector<std::string>{"/lib/a.ko", "/lib/b.ko"}));
}

class CgroupTest : public testing::Test {
  protected:
    CgroupTest() {
        std::string name = testing::TempDir() + "cgroup.XXXXXX";
        directory_ = ::mkdtemp(name.data());
    }
    CgroupTest(const CgroupTest&) = delete;
    CgroupTest& operator=(const CgroupTest&) = delete;
    CgroupTest(CgroupTest&&) = delete;
    CgroupTest& operator=(CgroupTest&&) = delete;
    ~CgroupTest() override { std::filesystem::remove_all(directory_); }

    std::filesystem::path directory_;
};

TEST_F(CgroupTest, ListsTheProcessesOfNestedGroups) {
    std::filesystem::create_directories(directory_ / "a" / "b");
    base::write_file_atomically(directory_ / "cgroup.procs", "1\n2\n");
    base::write_file_atomically(directory_ / "a" / "b" / "cgroup.procs", "30\n0\n");
    EXPECT_EQ(Cgroup(directory_).processes(), (std::set<pid_t>{1, 2, 30}));
}

TEST_F(CgroupTest, KillsByTheGroupsFileAndForgivesAGroupThatIsGone) {
    base::write_file_atomically(directory_ / "cgroup.kill", "0");
    Cgroup(directory_).kill();
    EXPECT_EQ(base::read_file(directory_ / "cgroup.kill"), "1");
    EXPECT_NO_THROW(Cgroup(directory_ / "gone").kill());
    EXPECT_TRUE(Cgroup(directory_ / "gone").processes().empty());
}

TEST_F(CgroupTest, IsUnknownForAProcessThatDoesNotExist) {
    EXPECT_FALSE(Cgroup::of_process(0x7fffffff, directory_).known());
}

// As the kernel's generic netlink sends it: two headers, one attribute, the class name first.
std::string acpi_event(const std::string& device_class) {
    std::string message(16 + 4, '\0');
    std::string attribute(4 + 60, '\0');
    const std::uint16_t attribute_header[2] = {64, 1};
    std::memcpy(attribute.data(), attribute_header, sizeof attribute_header);
    std::memcpy(attribute.data() + 4, device_class.data(), device_class.size());
    message += attribute;
    const std::uint32_t length = static_cast<std::uint32_t>(message.size());
    const std::uint16_t type = 0x1c;
    std::memcpy(message.data(), &length, sizeof length);
    std::memcpy(message.data() + 4, &type, sizeof type);
    return message;
}

TEST(PowerButtonMessage, IsRecognizedByItsDeviceClass) {
    EXPECT_TRUE(is_power_button_press(acpi_event("button/power")));
    EXPECT_FALSE(is_power_button_press(acpi_event("button/sleep")));
    const std::string whole = acpi_event("button/power");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(is_power_button_press(whole.substr(0, size))) << size;
    }
}

}  // namespace
}  // namespace kata::agent::guest
