#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/agent/loader/root_parameters.h"
#include "pkg/base/error.h"
#include "tests/unit/support/expect_error.h"

namespace kata::agent::loader {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(RootParameters, AreThoseOfTheKernelAndTheLastOfEachCounts) {
    const RootParameters root = parse_root_parameters(
        "console=ttyS0 root=/dev/vda root=/dev/pmem0p1 rootflags=dax,errors=remount-ro ro "
        "rootfstype=xfs notroot=/dev/x quiet\n");
    EXPECT_EQ(root.device, "/dev/pmem0p1");
    EXPECT_EQ(root.type, "xfs");
    EXPECT_EQ(root.flags, "dax,errors=remount-ro");
}

TEST(RootParameters, AreNotLookedForInWhatIsQuoted) {
    const RootParameters root =
        parse_root_parameters(R"(dyndbg="file a root=/dev/b" root="/dev/vda1")");
    EXPECT_EQ(root.device, "/dev/vda1");
    EXPECT_EQ(root.type, "ext4");
    EXPECT_EQ(root.flags, "");
}

TEST(RootParameters, MustNameADevice) {
    for (const char* line :
         {"", "quiet", "root=", "root=/dev/", "root=UUID=1", "root=/etc/passwd"}) {
        test::expect_error([&] { return parse_root_parameters(line); },
                           base::ErrorCode::invalid_argument,
                           "names no device below /dev");
    }
}

constexpr const char* kList =
    "pmem /lib/a.ko\npmem /lib/b.ko\npmem /lib/a.ko\ndisk /lib/virtio.ko\next4 /lib/ext4.ko\n"
    "xfs /lib/crc.ko\nxfs /lib/xfs.ko\n";

TEST(RootModules, AreThoseOfTheDeviceAndOfTheFileSystemEachOnce) {
    EXPECT_THAT(modules_of_root({"/dev/pmem0p1", "ext4", ""}, kList),
                ElementsAre("/lib/a.ko", "/lib/b.ko", "/lib/ext4.ko"));
    EXPECT_THAT(modules_of_root({"/dev/vda", "xfs", ""}, kList),
                ElementsAre("/lib/virtio.ko", "/lib/crc.ko", "/lib/xfs.ko"));
    EXPECT_THAT(modules_of_root({"/dev/vda", "ext4", ""}, ""), IsEmpty());
}

}  // namespace
}  // namespace kata::agent::loader
