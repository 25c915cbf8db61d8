#include "pkg/libvirt-driver/domain_xml.h"

#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/libvirt-driver/image_xml.h"
#include "pkg/libvirt-driver/xml_text.h"
#include "tests/unit/libvirt-driver/golden.h"
#include "tests/unit/support/expect_error.h"

namespace kata::libvirt_driver {
namespace {

using base::ErrorCode;
using sandbox::Accelerator;
using sandbox::VmConfig;
using test::expect_golden;
using test::failure_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr UserIds kQemuUser{64055, 107};

VmConfig plain_config() {
    VmConfig config;
    config.name = "kata-web";
    config.uuid = "0f6c1d38-6c0a-4a53-9d4e-2f3a7b5c9e10";
    config.sandbox_id = "web";
    config.state_dir = "/run/vc/sbs/web";
    config.machine_type = "q35";
    config.vcpus = 2;
    config.memory_mib = 512;
    config.kernel = "/var/lib/kata-containers/vmlinux";
    config.initrd = "/var/lib/kata-containers/initrd.img";
    config.kernel_parameters = "console=ttyS0 panic=1";
    config.console_log = "/run/vc/sbs/web/console.log";
    config.ports = {{"kata.0", "/run/vc/sbs/web/ports/0.sock"},
                    {"kata.1", "/run/vc/sbs/web/ports/1.sock"}};
    return config;
}

VmConfig full_config() {
    VmConfig config = plain_config();
    config.share =
        sandbox::VmShare{"/run/kata-containers/shared/sandboxes/web/shared", "kataShared"};
    config.emulator = "/usr/bin/qemu-system-x86_64";
    config.vsock = true;
    return config;
}

VmConfig image_config() {
    VmConfig config = plain_config();
    config.image = sandbox::VmImage{.path = "/var/lib/kata-containers/kata-containers.img",
                                    .bytes = std::uint64_t{32} << 20,
                                    .memory_parameters = "root=/dev/pmem0p1 ro",
                                    .disk_parameters = "root=/dev/vda1 ro"};
    return config;
}

VmConfig hostile_config() {
    VmConfig config = full_config();
    config.name = "kata-a&b";
    config.sandbox_id = "</kata:id><kata:id>";
    config.state_dir = "/run/a \"b\" 'c' <d> & e";
    config.kernel = "/boot/<vmlinux>&\"'";
    config.initrd = "/boot/]]>&lt;";
    config.kernel_parameters = R"(a="<b>" c='&d' <!-- e -->)";
    config.console_log = R"(/run/"'/><devices>&amp;.log)";
    config.ports = {{R"(k"><x a=')", R"(/run/"/><hostdev type='pci'>.sock)"}};
    config.share = sandbox::VmShare{R"(/srv/"'<&>)", R"(tag"'<&>)"};
    return config;
}

std::vector<std::string> select(const std::string& xml, const char* xpath) {
    return select_text(xml, xpath, "a test's domain");
}

TEST(DomainXml, OfAnEmulatedQ35VmWithoutShareIsAsRecorded) {
    expect_golden("q35-tcg.xml", build_domain_xml(plain_config(), {Accelerator::tcg, kQemuUser}));
}

TEST(DomainXml, OfAKvmQ35VmWithEverythingIsAsRecorded) {
    expect_golden("q35-kvm-full.xml",
                  build_domain_xml(full_config(), {Accelerator::kvm, kQemuUser}));
}

TEST(DomainXml, OfAVmWhoseMemoryCanGrowIsAsRecorded) {
    VmConfig config = full_config();
    config.vsock = false;
    config.max_memory_mib = 4096;
    config.memory_slots = 10;
    expect_golden("q35-tcg-growing.xml", build_domain_xml(config, {Accelerator::tcg, kQemuUser}));
}

TEST(DomainXml, OfAPcVmForADaemonThatKeepsItsUserIsAsRecorded) {
    VmConfig config = full_config();
    config.machine_type = "pc";
    config.vsock = false;
    expect_golden("pc-tcg-session.xml", build_domain_xml(config, {Accelerator::tcg, std::nullopt}));
}

TEST(DomainXml, OfAVmWhoseRootIsMappedFromAnImageIsAsRecorded) {
    VmConfig config = image_config();
    config.max_memory_mib = 4096;
    config.memory_slots = 10;
    expect_golden("q35-tcg-image-mapped.xml",
                  build_domain_xml(config, {Accelerator::tcg, kQemuUser}));
}

TEST(DomainXml, OfAVmWhoseRootIsOnADiskIsAsRecorded) {
    VmConfig config = image_config();
    config.machine_type = "pc";
    config.image->memory_parameters.reset();
    expect_golden("pc-tcg-image-disk.xml", build_domain_xml(config, {Accelerator::tcg, kQemuUser}));
}

TEST(DomainXml, MapsNoImageWhereQemuIsConfined) {
    const std::string xml =
        build_domain_xml(image_config(), {Accelerator::tcg, kQemuUser, /*confined=*/true});
    EXPECT_THAT(select(xml, "//disk/source/@file"),
                ElementsAre("/var/lib/kata-containers/kata-containers.img"));
    EXPECT_THAT(select(xml, "//cmdline/text()"),
                ElementsAre("root=/dev/vda1 ro console=ttyS0 panic=1"));
    EXPECT_THAT(select(xml, "/domain/maxMemory/text()"), IsEmpty());
    EXPECT_THAT(select(xml, "//*[local-name()='arg']/@value"), IsEmpty());
}

TEST(DomainXml, HasRoomForAMappedImageAlsoWhereMemoryCannotGrow) {
    const std::string xml = build_domain_xml(image_config(), {Accelerator::tcg, kQemuUser});
    EXPECT_THAT(select(xml, "/domain/maxMemory/text()"), ElementsAre("544"));
    EXPECT_THAT(select(xml, "/domain/maxMemory/@slots"), ElementsAre("1"));
    EXPECT_THAT(select(xml, "//cell/@memory"), ElementsAre("512"));
}

TEST(DomainXml, OpensAnImageForReadingOnlyHoweverTheGuestGetsIt) {
    VmConfig config = image_config();
    config.image->path = R"(/a,readonly=off,"b'<&>)";
    const std::string mapped = build_domain_xml(config, {Accelerator::tcg, kQemuUser});
    EXPECT_THAT(
        select(mapped, "//*[local-name()='arg']/@value"),
        testing::Contains(R"(memory-backend-file,id=kata-image,mem-path=/a,,readonly=off,,"b'<&>,)"
                          "size=33554432,share=on,readonly=on"));
    config.image->memory_parameters.reset();
    const std::string disk = build_domain_xml(config, {Accelerator::tcg, kQemuUser});
    EXPECT_THAT(select(disk, "//disk[readonly]/source/@file"),
                ElementsAre(config.image->path.native()));
}

TEST(DomainXml, AnImageIsTheFirstOfTheDisks) {
    VmConfig config = image_config();
    config.image->memory_parameters.reset();
    sandbox::VmDisk disk;
    disk.source = "/dev/kata-0f6c1d38/kata1";
    disk.serial = "kata1";
    config.disks = {disk};
    for (const auto& [machine, slot] : {std::pair("q35", "0x0f"), std::pair("pc", "0x02")}) {
        config.machine_type = machine;
        const std::string xml = build_domain_xml(config, {Accelerator::tcg, kQemuUser});
        EXPECT_THAT(select(xml, "//disk/target/@dev"), ElementsAre("vda", "vdb"));
        EXPECT_THAT(select(xml, "//disk[readonly]/target/@dev"), ElementsAre("vda"));
        EXPECT_THAT(select(xml, "//disk[readonly]/address/@slot"), ElementsAre(slot));
    }
}

TEST(DomainXml, PassesAMappedImageAndA9pShareOnInOneElement) {
    VmConfig config = image_config();
    config.share = sandbox::VmShare{"/run/kata-containers/shared", "kataShared"};
    config.share->protocol = sandbox::ShareProtocol::virtio_9p;
    config.share->socket = "/run/vc/sbs/web/share.sock";
    const std::string xml = build_domain_xml(config, {Accelerator::tcg, kQemuUser});
    EXPECT_THAT(select(xml, "//*[local-name()='arg']/@value"), testing::SizeIs(10));
    EXPECT_EQ(xml.find("<qemu:commandline>"), xml.rfind("<qemu:commandline>"));
    EXPECT_EQ(xml.find("xmlns:qemu"), xml.rfind("xmlns:qemu"));
}

TEST(ConfinesQemu, IsWhatAppArmorAndSelinuxDo) {
    const auto with = [](const std::string& model) {
        return "<capabilities><host><secmodel><model>" + model +
               "</model></secmodel><secmodel><model>dac</model></secmodel></host></capabilities>";
    };
    EXPECT_TRUE(confines_qemu(with("apparmor")));
    EXPECT_TRUE(confines_qemu(with("selinux")));
    EXPECT_FALSE(confines_qemu(with("none")));
    EXPECT_FALSE(confines_qemu("<capabilities/>"));
}

TEST(DomainXml, OfHostilePathsIsAsRecorded) {
    expect_golden("hostile-text.xml",
                  build_domain_xml(hostile_config(), {Accelerator::tcg, kQemuUser}));
}

TEST(DomainXml, GivesBackHostileTextUnchanged) {
    const VmConfig config = hostile_config();
    const std::string xml = build_domain_xml(config, {Accelerator::tcg, kQemuUser});

    EXPECT_THAT(select(xml, "/domain/name/text()"), ElementsAre(config.name));
    EXPECT_THAT(select(xml, "/domain/metadata/*/*/text()"),
                ElementsAre(config.sandbox_id, config.state_dir.native()));
    EXPECT_THAT(select(xml, "/domain/os/kernel/text()"), ElementsAre(config.kernel.native()));
    EXPECT_THAT(select(xml, "/domain/os/initrd/text()"), ElementsAre(config.initrd.native()));
    EXPECT_THAT(select(xml, "/domain/os/cmdline/text()"), ElementsAre(config.kernel_parameters));
    EXPECT_THAT(select(xml, "//channel/source/@path"),
                ElementsAre(config.ports.front().socket.native()));
    EXPECT_THAT(select(xml, "//channel/target/@name"), ElementsAre(config.ports.front().name));
    EXPECT_THAT(select(xml, "//filesystem/source/@dir"),
                ElementsAre(config.share->directory.native()));
    EXPECT_THAT(select(xml, "//filesystem/target/@dir"), ElementsAre(config.share->tag));
    EXPECT_THAT(select(xml, "//hostdev/@type"), IsEmpty());
}

TEST(DomainXml, SharesMemoryOnlyWithAShare) {
    const HostChoices host{Accelerator::tcg, kQemuUser};

    EXPECT_THAT(select(build_domain_xml(plain_config(), host), "//memoryBacking/source/@type"),
                IsEmpty());
    EXPECT_THAT(select(build_domain_xml(full_config(), host), "//memoryBacking/access/@mode"),
                ElementsAre("shared"));
}

TEST(DomainXml, NumbersPortsFromOneAndLeavesRoomToPlugMore) {
    VmConfig config = plain_config();
    config.ports.resize(80, config.ports.front());
    const std::string xml = build_domain_xml(config, {Accelerator::tcg, kQemuUser});

    const auto numbers = select(xml, "//channel/address/@port");
    ASSERT_EQ(numbers.size(), 80U);
    EXPECT_EQ(numbers.front(), "1");
    EXPECT_EQ(numbers.back(), "80");
    EXPECT_THAT(select(xml, "//controller[@type='virtio-serial']/@ports"), ElementsAre("81"));
}

TEST(DomainXml, RefusesAnUnknownMachineType) {
    VmConfig config = plain_config();
    config.machine_type =
        "micro\x1b"
        "vm";

    const auto error = failure_of([&] { return build_domain_xml(config, {}); });

    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_STREQ(error.what(), "machine type \"micro?vm\" is not known; use q35 or pc");
}

TEST(DomainXml, RefusesAVmWithoutMemoryOrCpu) {
    VmConfig no_memory = plain_config();
    no_memory.memory_mib = 0;
    VmConfig no_cpu = plain_config();
    no_cpu.vcpus = 0;

    EXPECT_EQ(failure_of([&] { return build_domain_xml(no_memory, {}); }).code(),
              ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] { return build_domain_xml(no_cpu, {}); }).code(),
              ErrorCode::invalid_argument);
}

TEST(DomainXml, RefusesASocketPathOver107Bytes) {
    VmConfig config = plain_config();
    config.ports.front().socket = "/" + std::string(106, 'p');
    EXPECT_NO_THROW(static_cast<void>(build_domain_xml(config, {})));

    config.ports.front().socket = "/" + std::string(107, 'p');
    const auto error = failure_of([&] { return build_domain_xml(config, {}); });

    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_THAT(error.what(), HasSubstr("longer than 107 bytes"));
}

class DomainXmlControlCharacter : public testing::TestWithParam<void (*)(VmConfig&)> {};

TEST_P(DomainXmlControlCharacter, IsRefused) {
    VmConfig config = full_config();
    config.image = image_config().image;
    GetParam()(config);

    const auto error = failure_of([&] { return build_domain_xml(config, {}); });

    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_THAT(error.what(), HasSubstr("control character"));
    EXPECT_EQ(std::string(error.what()).find('\x1b'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    InAnyText,
    DomainXmlControlCharacter,
    testing::Values([](VmConfig& config) { config.name += '\x1b'; },
                    [](VmConfig& config) { config.sandbox_id += '\x1b'; },
                    [](VmConfig& config) { config.state_dir += '\x1b'; },
                    [](VmConfig& config) { config.emulator += '\x1b'; },
                    [](VmConfig& config) { config.kernel += '\x1b'; },
                    [](VmConfig& config) { config.initrd += '\n'; },
                    [](VmConfig& config) { config.image->path += '\n'; },
                    [](VmConfig& config) { config.kernel_parameters += '\n'; },
                    [](VmConfig& config) { config.console_log += '\x7f'; },
                    [](VmConfig& config) { config.ports.back().name += '\x01'; },
                    [](VmConfig& config) { config.ports.back().socket += '\x01'; },
                    [](VmConfig& config) { config.share->directory += '\t'; },
                    [](VmConfig& config) { config.share->tag += '\x1b'; }));

TEST(VsockCid, IsTheOneLibvirtChose) {
    EXPECT_EQ(vsock_cid("<domain><devices><vsock model='virtio'><cid auto='yes' address='7'/>"
                        "</vsock></devices></domain>"),
              7U);
}

TEST(VsockCid, IsNoneWithoutTheDevice) {
    EXPECT_EQ(vsock_cid("<domain><devices/></domain>"), std::nullopt);
}

TEST(VsockCid, IsAnErrorIfItIsNoNumber) {
    for (const char* cid : {"", "x", "-1", "4294967296", "7 "}) {
        const std::string xml = "<domain><devices><vsock><cid address='" + std::string(cid) +
                                "'/></vsock></devices></domain>";
        EXPECT_EQ(failure_of([&] { return vsock_cid(xml); }).code(), ErrorCode::internal) << cid;
    }
}

TEST(VsockCid, OfWhatIsNotXmlIsAnError) {
    EXPECT_EQ(failure_of([] { return vsock_cid("<domain"); }).code(), ErrorCode::internal);
}

}  // namespace
}  // namespace kata::libvirt_driver
