#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/agent/guest/virtio_modules.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::agent::guest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kList = "4 /lib/ring.ko\n4 /lib/rng.ko\n5 /lib/balloon.ko\n24 /lib/mem.ko\n";

TEST(VirtioModules, AreThoseOfTheDevicesThatAreThere) {
    const test::TemporaryDirectory devices;
    devices.write("virtio0/device", "0x0003\n");
    devices.write("virtio1/device", "0x0018\n");
    devices.write("virtio2/device", "0x0004\n");
    devices.write("virtio3/device", "none");
    EXPECT_THAT(virtio_modules(kList, devices.path()),
                ElementsAre("/lib/ring.ko", "/lib/rng.ko", "/lib/mem.ko"));
}

TEST(VirtioModules, AreNoneWithoutDevicesOrWithoutAList) {
    const test::TemporaryDirectory devices;
    EXPECT_THAT(virtio_modules(kList, devices.path()), IsEmpty());
    EXPECT_THAT(virtio_modules(kList, devices / "missing"), IsEmpty());
    devices.write("virtio0/device", "0x0004\n");
    EXPECT_THAT(virtio_modules("", devices.path()), IsEmpty());
}

}  // namespace
}  // namespace kata::agent::guest
