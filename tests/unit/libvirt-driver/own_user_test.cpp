#include "pkg/libvirt-driver/own_user.h"

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::libvirt_driver {
namespace {

constexpr UserIds kQemu{64055, 107};
constexpr const char* kUuid = "7b0c5a53-1d3e-4c55-8f6a-0d7a4f1f2b11";

TEST(OwnUser, IsOneOfTheRangeAndTheSameForTheSameVm) {
    const test::TemporaryDirectory root;
    const UserIds user = own_user(kUuid, kQemu, false, root.path());
    EXPECT_GE(user.uid, kFirstOwnUser);
    EXPECT_LT(user.uid, kFirstOwnUser + kOwnUsers);
    EXPECT_EQ(own_user(kUuid, kQemu, false, root.path()), user);
    EXPECT_NE(own_user("7b0c5a53-1d3e-4c55-8f6a-0d7a4f1f2b12", kQemu, false, root.path()).uid,
              user.uid);
}

TEST(OwnUser, HasQemusGroupWhereItNeedsNone) {
    const test::TemporaryDirectory root;
    EXPECT_EQ(own_user(kUuid, kQemu, true, root.path()).gid, kQemu.gid);
    root.write("dev/kvm", "");
    root.write("var/lib/libvirt/qemu/ram", "");
    ASSERT_EQ(::chmod((root / "dev/kvm").c_str(), 0666), 0);
    ASSERT_EQ(::chmod((root / "var/lib/libvirt/qemu").c_str(), 0751), 0);
    EXPECT_EQ(own_user(kUuid, kQemu, true, root.path()).gid, kQemu.gid);
}

class OwnUserAsRoot : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "only root can give files away";
        }
    }
};

TEST_F(OwnUserAsRoot, HasTheGroupOfKvmOrOfLibvirtsDirectory) {
    const test::TemporaryDirectory root;
    root.write("dev/kvm", "");
    root.write("var/lib/libvirt/qemu/ram", "");
    ASSERT_EQ(::chmod((root / "dev/kvm").c_str(), 0660), 0);
    ASSERT_EQ(::chown((root / "dev/kvm").c_str(), 0, 36), 0);
    ASSERT_EQ(::chmod((root / "var/lib/libvirt/qemu").c_str(), 0750), 0);
    ASSERT_EQ(::chown((root / "var/lib/libvirt/qemu").c_str(), 64055, 64055), 0);
    EXPECT_EQ(own_user(kUuid, kQemu, false, root.path()).gid, 64055U);
    test::expect_error([&] { return own_user(kUuid, kQemu, true, root.path()); },
                       base::ErrorCode::unsupported,
                       "chmod o+x /var/lib/libvirt/qemu");
    ASSERT_EQ(::chmod((root / "var/lib/libvirt/qemu").c_str(), 0751), 0);
    EXPECT_EQ(own_user(kUuid, kQemu, true, root.path()).gid, 36U);
}

TEST_F(OwnUserAsRoot, IsNotThatOfAProcess) {
    const test::TemporaryDirectory root;
    const uid_t first = own_user(kUuid, kQemu, false, root.path()).uid;
    root.write("proc/17/stat", "");
    ASSERT_EQ(::chown((root / "proc/17").c_str(), first, 0), 0);
    EXPECT_EQ(own_user(kUuid, kQemu, false, root.path()).uid, first + 1);
}

TEST_F(OwnUserAsRoot, IsFoundAtTheQemuThatRuns) {
    using std::string_literals::operator""s;
    const test::TemporaryDirectory root;
    const ProcessPaths paths{root / "proc", root / "run"};
    EXPECT_EQ(own_user_of_running(paths, kUuid), std::nullopt);
    root.write("proc/17/cmdline", "qemu\0-uuid\0"s + kUuid + "\0"s);
    ASSERT_EQ(::chown((root / "proc/17").c_str(), kQemu.uid, kQemu.gid), 0);
    EXPECT_EQ(own_user_of_running(paths, kUuid), std::nullopt) << "one for all VMs";
    const UserIds own{kFirstOwnUser + kOwnUsers - 1, 36};
    ASSERT_EQ(::chown((root / "proc/17").c_str(), own.uid, own.gid), 0);
    EXPECT_EQ(own_user_of_running(paths, kUuid), own);
}

TEST_F(OwnUserAsRoot, IsGivenAFileAndNeverWhatALinkPointsTo) {
    const test::TemporaryDirectory root;
    root.write("target", "");
    ASSERT_EQ(::symlink("target", (root / "link").c_str()), 0);
    give_file({}, {1234, 5678});
    give_file(root / "link", {1234, 5678});
    struct stat status {};
    ASSERT_EQ(::lstat((root / "link").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 1234U);
    EXPECT_EQ(status.st_gid, 5678U);
    ASSERT_EQ(::lstat((root / "target").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, ::geteuid());
    EXPECT_EQ(test::failure_of([&] {
                  give_file(root / "missing", {1234, 5678});
                  return 0;
              }).code(),
              base::ErrorCode::not_found);
}

}  // namespace
}  // namespace kata::libvirt_driver
