#include "pkg/host/checks.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/file.h"
#include "pkg/base/subprocess.h"
#include "pkg/host/text.h"
#include "tests/unit/host/kinds.h"

namespace kata::host {
namespace {

using testing::HasSubstr;

std::vector<Kind> all_kinds() {
    std::vector<Kind> all;
    for (const auto* kinds :
         {&processor_kinds(), &libvirt_kinds(), &guest_kinds(), &kernel_kinds(), &engine_kinds()}) {
        all.insert(all.end(), kinds->begin(), kinds->end());
    }
    return all;
}

Host host_of(const Kind& kind) {
    FakeHost tree;
    kind.change(tree);
    Wanted wanted = FakeHost::wanted();
    kind.configure(wanted);
    Host host = tree.probe(wanted);
    kind.adjust(host);
    return host;
}

class KindOfHost : public testing::TestWithParam<Kind> {};

/// A user gets one line, and a command unless the text itself says what to do or the machine is the
/// wrong one.
void expect_usable(std::string_view id, const Finding& finding) {
    const bool told = finding.text.find("configuration.toml") != std::string::npos ||
                      id == "architecture" || id == "cpu";
    EXPECT_FALSE(finding.text.empty()) << id;
    EXPECT_EQ(finding.text.find('\n'), std::string::npos) << finding.text;
    EXPECT_EQ(finding.remedy.command.find('\n'), std::string::npos) << finding.remedy.command;
    EXPECT_TRUE(finding.verdict == Verdict::pass || told || !finding.remedy.command.empty())
        << id << ": " << finding.text;
}

constexpr std::chrono::seconds kShellTime{10};

/// Words with which a command begins that changes nothing.
bool only_shows(const std::string& command) {
    static const std::set<std::string> kWords = {
        "cat", "df", "dmesg", "file", "ls", "lsmod", "modinfo", "ps", "ausearch"};
    return kWords.contains(command.substr(0, command.find(' '))) ||
           command.ends_with("--kata-show-default-config-paths");
}

TEST_P(KindOfHost, IsJudgedAsTheTableSays) {
    const Host host = host_of(GetParam());
    const auto results = examine(host);
    Verdicts found;
    bool failed = false;
    for (const auto& [check, finding] : results) {
        if (finding.verdict != Verdict::pass) {
            found[std::string(check->id)] = finding.verdict;
        }
        failed = failed || finding.verdict == Verdict::fail;
        expect_usable(check->id, finding);
    }
    EXPECT_EQ(found, GetParam().other_than_pass);
    EXPECT_EQ(is_capable(results), !failed);
    EXPECT_EQ(choose_acceleration(host).acceleration, GetParam().acceleration);
}

INSTANTIATE_TEST_SUITE_P(Table, KindOfHost, testing::ValuesIn(all_kinds()), [](const auto& test) {
    return std::string(test.param.name);
});

TEST(Remedies, AreCommandsOfWhichTheOnesThatOnlyShowAreNoFixes) {
    std::set<std::string> commands;
    for (const Kind& kind : all_kinds()) {
        for (const auto& [check, finding] : examine(host_of(kind))) {
            const std::string& command = finding.remedy.command;
            EXPECT_EQ(finding.remedy.only_looks, only_shows(command)) << check->id << command;
            commands.insert(command + "\n");
        }
    }
    EXPECT_GT(commands.size(), 20U);
    base::ProcessSpec shell;
    shell.path = "/bin/bash";
    shell.args = {"bash", "-n", "-s"};
    shell.stdin_data = std::accumulate(commands.begin(), commands.end(), std::string());
    const auto parsed = base::run_process(shell, base::Deadline::after(kShellTime));
    EXPECT_EQ(parsed.exit_code, 0) << parsed.standard_error;
}

// What a new user pastes, in this order, on a Debian that has nothing of it.
TEST(Remedies, OfAMachineWithoutAnythingAreTheseLines) {
    const auto kinds = all_kinds();
    const auto kind = std::ranges::find_if(
        kinds, [](const Kind& each) { return std::string_view(each.name) == "EverythingMissing"; });
    ASSERT_NE(kind, kinds.end());
    std::string lines;
    for (const auto& [check, finding] : examine(host_of(*kind))) {
        if (finding.verdict != Verdict::pass) {
            lines += std::string(check->id) + (finding.remedy.only_looks ? " look: " : " fix: ") +
                     finding.remedy.command + "\n";
        }
    }
    EXPECT_EQ(lines,
              R"(kvm-modules look: modinfo kvm  # or boot a kernel that has it
kvm-device fix: modprobe kvm_intel && { test -e /dev/kvm || mknod -m 660 /dev/kvm c 10 232; }  # in a container: start it with --device /dev/kvm
qemu fix: apt-get update && apt-get install -y qemu-system-x86 qemu-utils
virtiofsd fix: apt-get update && apt-get install -y qemu-system-common
libvirt fix: apt-get update && apt-get install -y libvirt-daemon-system libvirt-clients
capability-cache fix: virsh domcapabilities --virttype qemu >/dev/null
guest-kernel fix: make guest install  # in kata-runtime's source tree
guest-initrd fix: make guest install  # in kata-runtime's source tree
tun fix: modprobe tun; mkdir -p /dev/net && { test -e /dev/net/tun || mknod -m 666 /dev/net/tun c 10 200; }
veth look: modinfo veth  # or boot a kernel that has it
traffic-control look: modinfo act_mirred  # or boot a kernel that has it
vhost-net look: modinfo vhost_net  # or boot a kernel that has it
)");
}

Finding finding_of(const Host& host, std::string_view id) {
    for (auto& [check, finding] : examine(host)) {
        if (check->id == id) {
            return finding;
        }
    }
    ADD_FAILURE() << "no check " << id;
    return {};
}

TEST(Checks, NameThePackagesOfMissingLibrariesAsTheMakefileInstallsThem) {
    const auto& kinds = libvirt_kinds();
    const auto kind = std::ranges::find_if(
        kinds, [](const Kind& each) { return std::string_view(each.name) == "LibrariesMissing"; });
    ASSERT_NE(kind, kinds.end());
    const std::string packages =
        base::read_file(std::filesystem::path(KATA_SOURCE_DIR) / "make/packages.run");
    const std::string command = finding_of(host_of(*kind), "libraries").remedy.command;
    const auto names = words_of(command.substr(command.rfind(" -y ") + 4));
    EXPECT_GE(names.size(), 8U) << command;
    for (const std::string& name : names) {
        EXPECT_THAT("\n" + packages, HasSubstr("\n" + name + "\n"));
    }
}

TEST(Checks, HaveIdsOfTheirOwn) {
    std::map<std::string_view, int> ids;
    for (const Check& check : checks()) {
        EXPECT_EQ(++ids[check.id], 1) << check.id;
    }
    EXPECT_GE(ids.size(), 25U);
}

TEST(Checks, GiveKvmToTheGroupThatQemusUserIsIn) {
    const FakeHost tree;
    tree.set_mode("dev/kvm", 0600);
    const Finding finding = finding_of(tree.probe(), "kvm-user");
    EXPECT_EQ(finding.remedy.command, "chgrp kvm /dev/kvm && chmod 660 /dev/kvm");
    EXPECT_EQ(finding.remedy.safe, SafeFix(GiveDevice{"/dev/kvm", ::getegid()}));
    EXPECT_THAT(finding.text, HasSubstr("about a minute"));
}

TEST(Checks, NameTheDistributionsOwnWordForInstalling) {
    Host host = FakeHost().probe();
    host.virtiofsd.clear();
    EXPECT_EQ(finding_of(host, "virtiofsd").remedy.command,
              "apt-get update && apt-get install -y qemu-system-common");
    host.distribution.version = "13";
    EXPECT_EQ(finding_of(host, "virtiofsd").remedy.command,
              "apt-get update && apt-get install -y virtiofsd");
    host.distribution = {.id = "rocky", .id_like = "rhel centos fedora"};
    EXPECT_EQ(finding_of(host, "virtiofsd").remedy.command, "dnf install -y virtiofsd");
}

TEST(Checks, StartLibvirtTheWayTheHostStartsThings) {
    Host host = FakeHost().probe();
    host.libvirt = {.uri = "u", .error = "cannot connect"};
    host.daemon.pid.reset();
    EXPECT_EQ(finding_of(host, "libvirt").remedy.command, "systemctl enable --now libvirtd");
    host.has_systemd = false;
    EXPECT_THAT(finding_of(host, "libvirt").remedy.command, HasSubstr("/usr/sbin/$d"));
    EXPECT_EQ(finding_of(host, "libvirt").text, "cannot connect");
}

TEST(Checks, LoadModulesOnlyWhereTheKernelHasThem) {
    const FakeHost tree;
    tree.remove("sys/module/vhost_net");
    tree.remove("dev/vhost-net");
    EXPECT_EQ(finding_of(tree.probe(), "vhost-net").remedy.safe,
              SafeFix(LoadModules{{"vhost_net"}}));
    tree.remove("usr/lib/modules");
    EXPECT_EQ(finding_of(tree.probe(), "vhost-net").remedy.safe, std::nullopt);
}

TEST(Checks, SpeakOfPropertiesInTheWordsOfKata) {
    const FakeHost tree;
    tree.write_processor("GenuineIntel", "lm vmx");
    const auto details = finding_of(tree.probe(), "cpu").details;
    EXPECT_THAT(details,
                testing::Contains("CPU property found: type=flag name=lm description=\"64Bit "
                                  "CPU\""));
    EXPECT_THAT(details,
                testing::Contains(HasSubstr("CPU property not found: type=flag "
                                            "name=sse4_1")));
}

TEST(Versions, AreConsistentIfEveryPartIsOfTheProgramsOwn) {
    const FakeHost tree;
    for (const char* part : {"kata-shim", "libkata-vm.so"}) {
        tree.write(std::string("usr/libexec/kata-runtime/") + part,
                   std::string("..kata-component-") + std::string("version=1.2.3\0..", 16));
    }
    EXPECT_EQ(check_versions(tree.probe(), "1.2.3").verdict, Verdict::pass);
    EXPECT_THAT(check_versions(tree.probe(), "1.3.0").text, HasSubstr("kata-shim is 1.2.3"));
    tree.remove("usr/libexec/kata-runtime/kata-shim");
    EXPECT_THAT(check_versions(tree.probe(), "1.2.3").text,
                HasSubstr("kata-runtime is 1.2.3 and kata-shim is missing"));
}

}  // namespace
}  // namespace kata::host
