#include "pkg/libvirt-driver/qemu_user.h"

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/support/expect_error.h"

namespace kata::libvirt_driver {
namespace {

using base::ErrorCode;
using test::failure_of;
using testing::ElementsAre;

constexpr const char* kCapabilities = R"(<capabilities>
  <host>
    <secmodel><model>apparmor</model><doi>0</doi></secmodel>
    <secmodel>
      <model>dac</model><doi>0</doi>
      <baselabel type='kvm'>+64055:+107</baselabel>
      <baselabel type='qemu'>+64055:+107</baselabel>
    </secmodel>
  </host>
</capabilities>)";

TEST(QemuUserIds, AreThoseOfTheDacModel) {
    EXPECT_EQ(qemu_user_ids(kCapabilities), (UserIds{64055, 107}));
}

TEST(QemuUserIds, AreNoneForADaemonThatDoesNotChangeUsers) {
    EXPECT_EQ(qemu_user_ids("<capabilities><host><secmodel><model>none</model></secmodel></host>"
                            "</capabilities>"),
              std::nullopt);
}

TEST(QemuUserIds, OfWhatIsNotXmlAreAnError) {
    EXPECT_EQ(failure_of([] { return qemu_user_ids("capabilities"); }).code(), ErrorCode::internal);
}

TEST(ParseDacLabel, TakesTwoNumbersWithPlusAndNothingElse) {
    EXPECT_EQ(parse_dac_label("+0:+0"), (UserIds{0, 0}));
    EXPECT_EQ(parse_dac_label("+4294967294:+1"), (UserIds{4294967294, 1}));
    for (const char* label :
         {"", "+", "+1", "+1:", "+1:1", "1:+1", "+1:+1 ", "+1:+1:+1", "+-1:+1", "+4294967296:+1"}) {
        EXPECT_EQ(parse_dac_label(label), std::nullopt) << label;
    }
}

TEST(DescribeUser, KnowsTheNameAndGroupsOfRoot) {
    const QemuUser user = describe_user({0, 0});

    EXPECT_EQ(user.name, "root");
    EXPECT_THAT(user.groups, testing::Contains(0U));
}

TEST(DescribeUser, AddsTheGroupTheDaemonChoseToThoseOfTheDatabase) {
    const QemuUser user = describe_user({0, 4242424242});

    EXPECT_THAT(user.groups, testing::IsSupersetOf({gid_t{0}, gid_t{4242424242}}));
}

TEST(DescribeUser, LeavesAnUnknownUserANumber) {
    const QemuUser user = describe_user({4242424242, 4242424243});

    EXPECT_EQ(user.name, "4242424242");
    EXPECT_EQ(user.device_group, "4242424243");
    EXPECT_THAT(user.groups, ElementsAre(4242424243));
}

TEST(CurrentUserIds, AreOurOwn) {
    EXPECT_EQ(current_user_ids(), (UserIds{geteuid(), getegid()}));
}

}  // namespace
}  // namespace kata::libvirt_driver
