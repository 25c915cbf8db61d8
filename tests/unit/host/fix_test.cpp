#include "pkg/host/fix.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/unit/host/fake_host.h"

namespace kata::host {
namespace {

TEST(Fix, GivesADeviceToAGroup) {
    const FakeHost tree;
    tree.set_mode("dev/kvm", 0600);
    ASSERT_FALSE(tree.probe().kvm.usable_by_qemu);
    apply(GiveDevice{"/dev/kvm", ::getegid()}, tree.roots());
    EXPECT_TRUE(tree.probe().kvm.usable_by_qemu);
    struct stat facts {};
    ASSERT_EQ(::stat(tree.at("dev/kvm").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, 0660U);
}

TEST(Fix, OfADeviceThatIsNotThereSaysSo) {
    const FakeHost tree;
    tree.remove("dev/kvm");
    try {
        apply(GiveDevice{"/dev/kvm", ::getegid()}, tree.roots());
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.code(), base::ErrorCode::not_found);
    }
}

std::string first_mount(const std::filesystem::path& root) {
    const std::string all = test::content_of("/proc/thread-self/mountinfo");
    const auto at = all.find(" " + root.native() + " ");
    return all.substr(at, all.find('\n', at) - at);
}

// In a mount namespace of a thread's own, so that nothing else sees it.
TEST(Fix, MakesTheRootAndWhatIsBelowItShared) {
    const test::TemporaryDirectory directory;
    std::thread([&] {
        const std::string root = std::filesystem::canonical(directory.path());
        ASSERT_EQ(::unshare(CLONE_FS | CLONE_NEWNS), 0);
        ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr), 0);
        ASSERT_EQ(::mount("none", root.c_str(), "tmpfs", 0, nullptr), 0);
        const std::string below = root + "/below";
        ASSERT_EQ(::mkdir(below.c_str(), 0755), 0);
        ASSERT_EQ(::mount("none", below.c_str(), "tmpfs", 0, nullptr), 0);
        ASSERT_EQ(first_mount(below).find("shared:"), std::string::npos);
        apply(ShareMounts{}, Roots::below(root));
        EXPECT_NE(first_mount(root).find("shared:"), std::string::npos);
        EXPECT_NE(first_mount(below).find("shared:"), std::string::npos);
    }).join();
}

void write_modprobe(const FakeHost& tree, const std::string& script) {
    tree.write("usr/sbin/modprobe", "#!/bin/sh\n" + script);
    tree.set_mode("usr/sbin/modprobe", 0755);
}

TEST(Fix, LoadsModulesWithTheHostsOwnModprobe) {
    const FakeHost tree;
    const auto said = tree.at("said");
    write_modprobe(tree, "echo \"$@\" >" + said.native() + "\n");
    apply(LoadModules{{"kvm", "kvm_intel"}}, tree.roots());
    EXPECT_EQ(test::content_of(said), "--all kvm kvm_intel\n");
}

TEST(Fix, PassesOnWhatModprobeSays) {
    const FakeHost tree;
    write_modprobe(tree, "echo 'FATAL: no such module' >&2; exit 1\n");
    try {
        apply(LoadModules{{"x"}}, tree.roots());
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_STREQ(error.what(), "cannot load modules: FATAL: no such module");
    }
}

}  // namespace
}  // namespace kata::host
