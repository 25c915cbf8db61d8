#include "pkg/libvirt-driver/disk_xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/libvirt-driver/domain_xml.h"
#include "tests/unit/libvirt-driver/golden.h"
#include "tests/unit/support/expect_error.h"

namespace kata::libvirt_driver {
namespace {

using base::ErrorCode;
using sandbox::DiskAio;
using sandbox::DiskCache;
using sandbox::DiskDriver;
using sandbox::VmDisk;
using test::expect_golden;
using test::failure_of;
using test::golden;
using testing::HasSubstr;
using testing::Not;

VmDisk device() {
    VmDisk disk;
    disk.source = "/dev/kata-0f6c1d38/kata1";
    disk.serial = "kata1";
    return disk;
}

VmDisk file() {
    VmDisk disk;
    disk.source = "/var/lib/kata-containers/sandbox-web/<a>&\"b\"";
    disk.is_block_device = false;
    disk.read_only = true;
    disk.serial = "kata2";
    disk.tuning.cache = DiskCache::none;
    disk.tuning.aio = DiskAio::native;
    disk.tuning.logical_sector_bytes = 512;
    disk.tuning.physical_sector_bytes = 4096;
    disk.tuning.queues = 2;
    disk.tuning.queue_size = 256;
    disk.tuning.iothread = 1;
    return disk;
}

VmDisk on_scsi(VmDisk disk) {
    disk.tuning.driver = DiskDriver::virtio_scsi;
    return disk;
}

sandbox::VmConfig config_with(std::vector<VmDisk> disks) {
    sandbox::VmConfig config;
    config.name = "kata-web";
    config.uuid = "0f6c1d38-6c0a-4a53-9d4e-2f3a7b5c9e10";
    config.sandbox_id = "web";
    config.state_dir = "/run/vc/sbs/web";
    config.kernel = "/var/lib/kata-containers/vmlinux";
    config.initrd = "/var/lib/kata-containers/initrd.img";
    config.kernel_parameters = "console=ttyS0 panic=1";
    config.machine_type = "q35";
    config.memory_mib = 512;
    config.disks = std::move(disks);
    config.hotplug_ports = 2;
    return config;
}

std::string xml_of(const sandbox::VmConfig& config) {
    return build_domain_xml(config, {sandbox::Accelerator::tcg, std::nullopt});
}

TEST(DiskXml, GivesEachDiskOfAQ35ARootPortBehindThoseForHotPlug) {
    auto config = config_with({device(), file()});
    config.iothreads = 1;
    expect_golden("q35-disks.xml", xml_of(config));
}

TEST(DiskXml, PutsScsiDisksBehindOneController) {
    auto config = config_with({on_scsi(device()), on_scsi(file())});
    config.disk_tuning = file().tuning;
    config.disk_tuning.driver = DiskDriver::virtio_scsi;
    config.iothreads = 1;
    expect_golden("q35-scsi.xml", xml_of(config));
}

VmDisk served() {
    VmDisk disk;
    disk.source = "/run/spdk/vhost.0";
    disk.is_block_device = false;
    disk.is_socket = true;
    disk.serial = "kata3";
    disk.reconnect_seconds = 10;
    return disk;
}

TEST(DiskXml, HasADiskThatAnotherProcessServesWithMemoryThatItCanRead) {
    expect_golden("q35-served-disk.xml", xml_of(config_with({device(), served()})));
}

TEST(DiskXml, FindsADiskThatAnotherProcessServesByItsName) {
    const auto disk = find_disk(xml_of(config_with({device(), served()})), "kata3");
    ASSERT_TRUE(disk);
    EXPECT_EQ(disk->target, "vdb");
    EXPECT_THAT(disk->element, HasSubstr("/run/spdk/vhost.0"));
}

TEST(DiskXml, RefusesASocketThatQemuCannotConnectTo) {
    VmDisk disk = served();
    disk.source = "/run/" + std::string(120, 'x');
    EXPECT_EQ(failure_of([&] { validate_disk(disk); }).code(), ErrorCode::invalid_argument);
}

TEST(DiskXml, HasTheControllerForScsiDisksThatWillCome) {
    auto config = config_with({});
    EXPECT_THAT(xml_of(config), Not(HasSubstr("virtio-scsi")));
    config.disk_tuning.driver = DiskDriver::virtio_scsi;
    EXPECT_THAT(xml_of(config), HasSubstr("virtio-scsi"));
}

TEST(DiskXml, NeedsNoRootPortsOnThePc) {
    auto config = config_with({device()});
    config.machine_type = "pc";
    EXPECT_THAT(xml_of(config), Not(HasSubstr("root-port")));
}

TEST(DiskXml, WritesEachCacheMode) {
    VmDisk disk = device();
    EXPECT_THAT(build_disk_xml(disk, "<domain/>"), Not(HasSubstr("cache=")));
    disk.tuning.cache = DiskCache::writeback;
    EXPECT_THAT(build_disk_xml(disk, "<domain/>"), HasSubstr("cache=\"writeback\""));
    disk.tuning.cache = DiskCache::unsafe;
    disk.tuning.aio = DiskAio::io_uring;
    EXPECT_THAT(build_disk_xml(disk, "<domain/>"), HasSubstr("cache=\"unsafe\" io=\"io_uring\""));
}

// vfio.bats lets libvirt judge each of these within its domain.
TEST(DiskXml, IsAsRecordedWhereItIsPlugged) {
    const auto plugged = [](VmDisk disk, const std::string& domain) {
        disk.serial = "kata4";
        return build_disk_xml(disk, golden(domain));
    };
    expect_golden("plugged-disk.xml", plugged(file(), "q35-disks.xml"));
    expect_golden("plugged-scsi-disk.xml", plugged(on_scsi(file()), "q35-scsi.xml"));
    expect_golden("plugged-served-disk.xml", plugged(served(), "q35-served-disk.xml"));
}

TEST(DiskXml, NamesAPluggedDiskAsNoOtherIsNamed) {
    const std::string live =
        "<domain><devices><disk><target dev='vda'/></disk><disk><target dev='vdc'/></disk>"
        "<disk><target dev='sda'/></disk></devices></domain>";
    EXPECT_THAT(build_disk_xml(device(), live), HasSubstr("dev=\"vdb\""));
    const std::string scsi = build_disk_xml(on_scsi(device()), live);
    EXPECT_THAT(scsi, HasSubstr("dev=\"sdb\""));
    EXPECT_THAT(scsi, HasSubstr("target=\"1\""));
    std::string many;
    for (char letter = 'a'; letter <= 'z'; ++letter) {
        many += std::string("<disk><target dev='vd") + letter + "'/></disk>";
    }
    EXPECT_THAT(build_disk_xml(device(), "<domain><devices>" + many + "</devices></domain>"),
                HasSubstr("dev=\"vdaa\""));
}

TEST(DiskXml, FindsADiskOfARunningVmByItsSerialOnly) {
    const std::string live =
        "<domain><devices><disk type='block'><target dev='vda'/><serial>kata1</serial></disk>"
        "<disk type='file'><target dev='vdb'/><serial>kata10</serial></disk></devices></domain>";
    const auto found = find_disk(live, "kata10");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->target, "vdb");
    EXPECT_THAT(found->element, HasSubstr("type=\"file\""));
    EXPECT_FALSE(find_disk(live, "kata"));
    EXPECT_FALSE(find_disk("<domain/>", ""));
    EXPECT_EQ(failure_of([] { static_cast<void>(find_disk("<domain", "x")); }).code(),
              ErrorCode::internal);
}

TEST(DiskXml, RefusesSerialsThatAGuestWouldSeeOtherwise) {
    for (const char* serial : {"", "a b", "a-b", "123456789012345678901", "a\n"}) {
        VmDisk disk = device();
        disk.serial = serial;
        EXPECT_EQ(failure_of([&] { validate_disk(disk); }).code(), ErrorCode::invalid_argument)
            << serial;
    }
}

TEST(DiskXml, RefusesSourcesThatAreNoPath) {
    for (const char* source : {"", "dev/sda", "/dev/\nsda"}) {
        VmDisk disk = device();
        disk.source = source;
        EXPECT_EQ(failure_of([&] { validate_disk(disk); }).code(), ErrorCode::invalid_argument)
            << source;
    }
}

TEST(DiskXml, RefusesMoreDisksThanThereArePlaces) {
    const auto config = config_with(std::vector<VmDisk>(kMaxColdBlkDisks + 1, device()));
    EXPECT_EQ(failure_of([&] { static_cast<void>(xml_of(config)); }).code(),
              ErrorCode::unsupported);
}

}  // namespace
}  // namespace kata::libvirt_driver
