// Disks that another process of the host serves: where they come from, and how they are used.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/access_list.h"
#include "pkg/sandbox/sandbox_disks.h"
#include "pkg/sandbox/vhost_user_store.h"
#include "tests/unit/sandbox/fakes.h"
#include "tests/unit/sandbox/vfio_host.h"
#include "tests/unit/support/expect_error.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using test::expect_error;
using test::give_node;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kUuid = "7b0c5a53-1d3e-4c55-8f6a-0d7a4f1f2b11";
constexpr uid_t kQemu = 64055;

oci::Device store_node(int minor) {
    oci::Device node = test::character_node("/dev/data", 241, minor);
    node.type = "b";
    return node;
}

class VhostUserTest : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "only root can make block nodes";
        }
        for (const char* name : {"block/devices", "block/sockets"}) {
            std::filesystem::create_directories(directory_ / name);
        }
        backend_.fake.users = {{"", {kQemu, 107, {107}}}};
    }
    void add_disk_to_store(const std::string& name, unsigned minor) {
        ASSERT_EQ(::mknod((directory_ / ("block/devices/" + name)).c_str(),
                          S_IFBLK | 0600,
                          makedev(241, minor)),
                  0);
        make_socket("block/sockets/" + name);
    }
    void make_socket(const std::string& name) {
        const base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = directory_ / name;
        ASSERT_LT(path.size(), sizeof address.sun_path);
        path.copy(address.sun_path, path.size());
        ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    }
    [[nodiscard]] DiskPlan plan_store() {
        DiskPlan plan;
        plan_store_disks(plan, spec_, directory_.path());
        return plan;
    }

    test::TemporaryDirectory directory_;
    oci::Spec spec_;
    RuntimeConfig config_;
    test::FakeBackend backend_;
    base::NullLog log_;
    ContainerPlace place_{oci::ContainerId("c"), "sb", directory_.make("sbs/sb"), directory_ / "c"};
    Journal journal_{place_.journal(), "c"};
};

TEST_F(VhostUserTest, TheSocketIsFoundByTheNumberOfTheNode) {
    add_disk_to_store("vol0", 0);
    add_disk_to_store("vol1", 1);
    EXPECT_EQ(socket_in_store(directory_.path(), store_node(1)), directory_ / "block/sockets/vol1");
    expect_error([&] { static_cast<void>(socket_in_store(directory_.path(), store_node(2))); },
                 ErrorCode::not_found,
                 "has no node 241:2");
}

TEST_F(VhostUserTest, NodesOfAStoreThatAreAskedForAreDisks) {
    add_disk_to_store("vol1", 1);
    give_node(spec_, store_node(1), "rwm");
    const DiskPlan plan = plan_store();
    ASSERT_EQ(plan.disks.size(), 1U);
    EXPECT_TRUE(plan.disks[0].source.is_socket);
    EXPECT_EQ(plan.disks[0].source.path, directory_ / "block/sockets/vol1");
    ASSERT_EQ(plan.guest.nodes.size(), 1U);
    EXPECT_EQ(plan.guest.nodes[0].container_path, "/dev/data");
    EXPECT_EQ(plan.guest.nodes[0].access, "rwm");
    EXPECT_THAT(disks_without_serial(plan), ElementsAre(plan.disks[0].serial));
}

TEST_F(VhostUserTest, NodesThatNobodyAskedForOrOfScsiAreNot) {
    add_disk_to_store("vol1", 1);
    spec_.linux_.emplace();
    spec_.linux_->devices = {store_node(1)};
    oci::Device scsi = store_node(1);
    scsi.major = 242;
    give_node(spec_, scsi, "rwm");
    EXPECT_THAT(plan_store().disks, IsEmpty());
}

TEST_F(VhostUserTest, WhatIsNoSocketIsRefusedWithTheDevice) {
    add_disk_to_store("vol1", 1);
    std::filesystem::remove(directory_ / "block/sockets/vol1");
    directory_.write("block/sockets/vol1", "");
    give_node(spec_, store_node(1), "rwm");
    expect_error([&] { static_cast<void>(plan_store()); },
                 ErrorCode::invalid_argument,
                 "device \"/dev/data\": \"" + (directory_ / "block/sockets/vol1").native() +
                     "\" is not a socket");
}

TEST_F(VhostUserTest, ADirectVolumesFileSystemIsOnTheDiskOfASocket) {
    make_socket("vhost.0");
    oci::Mount mount;
    mount.destination = "/data";
    mount.type = "bind";
    mount.source = "/volume";
    spec_.mounts = {mount};
    const DiskPlan plan = plan_disks(spec_, DiskDriver::virtio_scsi, [&](const oci::Mount&) {
        VolumeOnDisk volume;
        volume.device = directory_ / "vhost.0";
        volume.is_served = true;
        volume.fs_type = "ext4";
        return std::optional(volume);
    });
    ASSERT_EQ(plan.guest.storages.size(), 1U);
    EXPECT_EQ(plan.guest.storages[0].driver, DiskDriver::virtio_blk) << "whatever others have";
    EXPECT_THAT(disks_without_serial(plan), ElementsAre(plan.guest.storages[0].serial));
}

TEST_F(VhostUserTest, QemuMayConnectUntilTheDiskIsTakenBackAndTheSocketStays) {
    add_disk_to_store("vol1", 1);
    give_node(spec_, store_node(1), "rwm");
    const DiskPlan plan = plan_store();
    config_.block_device_driver = DiskDriver::virtio_scsi;
    config_.vhost_user_reconnect_seconds = 7;
    SandboxDisks disks({config_, backend_, log_, place_, journal_, journal_, [](const auto&) {}},
                       plan);
    const auto made = disks.provide(kUuid);
    const auto socket = directory_ / "block/sockets/vol1";
    ASSERT_EQ(made.size(), 1U);
    EXPECT_TRUE(made[0].is_socket);
    EXPECT_EQ(made[0].source, socket);
    EXPECT_EQ(made[0].reconnect_seconds, 7U);
    EXPECT_EQ(made[0].tuning.driver, DiskDriver::virtio_blk);
    EXPECT_TRUE(base::is_listed(socket, kQemu));
    const auto effects = Journal::load(place_.journal(), log_);
    ASSERT_EQ(effects.size(), 1U);
    const DiskEffect effect = parse_disk_effect(effects[0].object);
    take_access(effect);
    take_access(effect);
    EXPECT_TRUE(std::filesystem::is_socket(socket));
    EXPECT_FALSE(base::is_listed(socket, kQemu));
}

TEST(LocateInGuest, FillsInTheWayToWhatHasNoSerial) {
    GuestDisks guest;
    GuestDiskNode node;
    node.serial = "kata1";
    GuestDiskStorage storage;
    storage.serial = "kata2";
    guest.nodes = {node};
    guest.storages = {storage, storage};
    guest.storages[1].serial = "kata3";
    guest.host_devices = {{"vfio-a", "", "vfio-12", "rwm"}};
    locate(guest, {"kata1", "kata3", "vfio-a"}, {"02.0/00.0", "02.1/00.0", "02.2/00.0"});
    EXPECT_EQ(guest.nodes[0].pci_path, "02.0/00.0");
    EXPECT_EQ(guest.storages[0].pci_path, "");
    EXPECT_EQ(guest.storages[1].pci_path, "02.1/00.0");
    EXPECT_EQ(guest.host_devices[0].pci_path, "02.2/00.0");
}

}  // namespace
}  // namespace kata::sandbox
