#include "pkg/libvirt-driver/accelerator.h"

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::libvirt_driver {
namespace {

using base::ErrorCode;
using sandbox::Accelerator;
using test::failure_of;
using test::TemporaryDirectory;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uid_t kQemuUid = 64055;
constexpr gid_t kQemuGid = 64056;
constexpr gid_t kKvmGid = 64057;

QemuUser qemu_user() {
    return {.uid = kQemuUid,
            .gid = kQemuGid,
            .name = "libvirt-qemu",
            .device_group = "kvm",
            .groups = {kQemuGid, kKvmGid}};
}

KvmFacts good_host() {
    return {.cpu_has_virtualization = true,
            .device_exists = true,
            .usable_by_qemu = true,
            .qemu_user = "libvirt-qemu",
            .device_group = "kvm"};
}

KvmFacts host_with_private_device() {
    KvmFacts facts = good_host();
    facts.usable_by_qemu = false;
    return facts;
}

TEST(ChooseAccelerator, AutomaticTakesKvmWhereItWorks) {
    const auto choice = choose_accelerator(Accelerator::automatic, good_host());

    EXPECT_EQ(choice.accelerator, Accelerator::kvm);
    EXPECT_THAT(choice.warnings, IsEmpty());
}

TEST(ChooseAccelerator, AutomaticEmulatesWithOneWarningWithoutCpuFlag) {
    KvmFacts facts = good_host();
    facts.cpu_has_virtualization = false;

    const auto choice = choose_accelerator(Accelerator::automatic, facts);

    EXPECT_EQ(choice.accelerator, Accelerator::tcg);
    EXPECT_THAT(choice.warnings, ElementsAre(HasSubstr("no vmx or svm in /proc/cpuinfo")));
}

TEST(ChooseAccelerator, AutomaticEmulatesWithOneWarningWithoutDevice) {
    KvmFacts facts = host_with_private_device();
    facts.device_exists = false;

    const auto choice = choose_accelerator(Accelerator::automatic, facts);

    EXPECT_EQ(choice.accelerator, Accelerator::tcg);
    EXPECT_THAT(choice.warnings,
                ElementsAre(HasSubstr("/dev/kvm does not exist; load the module")));
}

TEST(ChooseAccelerator, TcgIsTakenWithoutAWordOnAGoodHost) {
    const auto choice = choose_accelerator(Accelerator::tcg, good_host());

    EXPECT_EQ(choice.accelerator, Accelerator::tcg);
    EXPECT_THAT(choice.warnings, IsEmpty());
}

TEST(ChooseAccelerator, WarnsOfSlowStartsWhenOnlyRootMayOpenTheDevice) {
    const auto choice = choose_accelerator(Accelerator::tcg, host_with_private_device());

    EXPECT_THAT(choice.warnings,
                ElementsAre(testing::AllOf(HasSubstr("VM starts are slow"),
                                           HasSubstr("chgrp kvm /dev/kvm && chmod 660 /dev/kvm"))));
}

TEST(ChooseAccelerator, KvmIsTakenWhereItWorks) {
    EXPECT_EQ(choose_accelerator(Accelerator::kvm, good_host()).accelerator, Accelerator::kvm);
}

TEST(ChooseAccelerator, KvmThatQemuMayNotUseIsRefusedWithTheRemedy) {
    const auto error =
        failure_of([] { return choose_accelerator(Accelerator::kvm, host_with_private_device()); });

    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_STREQ(error.what(),
                 "cannot use KVM: QEMU's user libvirt-qemu may not open /dev/kvm; run: chgrp kvm "
                 "/dev/kvm && chmod 660 /dev/kvm, or set the accelerator to tcg");
}

TEST(ChooseAccelerator, KvmWithoutCpuFlagIsRefusedEvenIfTheDeviceOpens) {
    KvmFacts facts = good_host();
    facts.cpu_has_virtualization = false;

    EXPECT_EQ(failure_of([&] { return choose_accelerator(Accelerator::kvm, facts); }).code(),
              ErrorCode::unsupported);
}

class ProbeKvm : public testing::Test {
  protected:
    void make_device(uid_t owner, gid_t group, mode_t mode) {
        root_.write("dev/kvm", "");
        ASSERT_EQ(chown((root_.path() / "dev/kvm").c_str(), owner, group), 0);
        ASSERT_EQ(chmod((root_.path() / "dev/kvm").c_str(), mode), 0);
        ASSERT_EQ(chmod(root_.path().c_str(), 0755), 0);
    }

    TemporaryDirectory root_;
};

TEST_F(ProbeKvm, FindsTheCpuFlagAsAWholeWord) {
    root_.write("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vmx sse\n");
    EXPECT_TRUE(probe_kvm(root_.path(), qemu_user()).cpu_has_virtualization);

    root_.write("proc/cpuinfo", "flags\t\t: fpu svm\n");
    EXPECT_TRUE(probe_kvm(root_.path(), qemu_user()).cpu_has_virtualization);

    root_.write("proc/cpuinfo", "model name\t: vmx svm\nflags\t\t: fpu svm_lock xvmx\n");
    EXPECT_FALSE(probe_kvm(root_.path(), qemu_user()).cpu_has_virtualization);
}

TEST_F(ProbeKvm, FindsNothingInAnEmptyTree) {
    const KvmFacts facts = probe_kvm(root_.path(), qemu_user());

    EXPECT_FALSE(facts.cpu_has_virtualization);
    EXPECT_FALSE(facts.device_exists);
    EXPECT_FALSE(facts.usable_by_qemu);
    EXPECT_EQ(facts.qemu_user, "libvirt-qemu");
    EXPECT_EQ(facts.device_group, "kvm");
}

class ProbeKvmAsRoot : public ProbeKvm {
  protected:
    void SetUp() override {
        if (geteuid() != 0) {
            GTEST_SKIP() << "needs root to give files to other users";
        }
    }
};

TEST_F(ProbeKvmAsRoot, ADeviceOfRootAloneExistsButIsNotUsable) {
    make_device(0, 0, 0600);

    const KvmFacts facts = probe_kvm(root_.path(), qemu_user());

    EXPECT_TRUE(facts.device_exists);
    EXPECT_FALSE(facts.usable_by_qemu);
}

TEST_F(ProbeKvmAsRoot, ADeviceOfASupplementaryGroupIsUsable) {
    make_device(0, kKvmGid, 0660);
    EXPECT_TRUE(probe_kvm(root_.path(), qemu_user()).usable_by_qemu);
}

TEST_F(ProbeKvmAsRoot, ADeviceThatTheGroupMayOnlyReadIsNotUsable) {
    make_device(0, kKvmGid, 0640);
    EXPECT_FALSE(probe_kvm(root_.path(), qemu_user()).usable_by_qemu);
}

TEST_F(ProbeKvmAsRoot, ADeviceOfAnotherGroupIsNotUsable) {
    make_device(0, kKvmGid + 1, 0660);
    EXPECT_FALSE(probe_kvm(root_.path(), qemu_user()).usable_by_qemu);
}

TEST_F(ProbeKvmAsRoot, LeavesTheRightsOfThisProcessAlone) {
    make_device(0, 0, 0600);
    static_cast<void>(probe_kvm(root_.path(), qemu_user()));

    std::ofstream ours(root_.path() / "dev/kvm");
    EXPECT_TRUE(ours.is_open());
    EXPECT_EQ(geteuid(), 0U);
}

}  // namespace
}  // namespace kata::libvirt_driver
