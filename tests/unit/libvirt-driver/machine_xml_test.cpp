// What the keys of the configuration that are about the machine make of a domain's XML.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/libvirt-driver/domain_xml.h"
#include "pkg/libvirt-driver/xml_text.h"
#include "tests/unit/libvirt-driver/golden.h"
#include "tests/unit/support/expect_error.h"

namespace kata::libvirt_driver {
namespace {

using sandbox::Accelerator;
using sandbox::VmConfig;
using sandbox::VmMachine;
using test::expect_golden;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr HostChoices kTcg{Accelerator::tcg, UserIds{64055, 107}};
constexpr HostChoices kKvm{Accelerator::kvm, UserIds{64055, 107}};

VmConfig plain_config() {
    VmConfig config;
    config.name = "kata-web";
    config.uuid = "0f6c1d38-6c0a-4a53-9d4e-2f3a7b5c9e10";
    config.sandbox_id = "web";
    config.state_dir = "/run/vc/sbs/web";
    config.machine_type = "q35";
    config.vcpus = 4;
    config.memory_mib = 640;
    config.kernel = "/var/lib/kata-containers/vmlinux";
    config.initrd = "/var/lib/kata-containers/initrd.img";
    config.kernel_parameters = "console=ttyS0 panic=1";
    config.share =
        sandbox::VmShare{"/run/kata-containers/shared/sandboxes/web/shared", "kataShared"};
    return config;
}

/// Everything that goes together.
VmConfig full_config() {
    VmConfig config = plain_config();
    config.hotplug_ports = 2;
    VmMachine& machine = config.machine;
    machine.cpu_features = {{"svm", false}, {"avx2", true}};
    machine.switches = {.pmu = false,
                        .smm = false,
                        .vmport = true,
                        .hpet = true,
                        .dump_guest_core = true,
                        .split_irqchip = std::nullopt};
    machine.memory.huge_pages = true;
    machine.memory.preallocated = true;
    machine.memory.locked = true;
    machine.memory.mergeable = false;
    machine.memory.reports_free = true;
    machine.nodes = {{"0", 0, 3, 448}, {"0-1", 3, 1, 192}};
    machine.firmware.program = "/usr/share/qemu/qboot.rom";
    machine.iommu = true;
    machine.entropy_source = "/dev/urandom";
    machine.bridges = 1;
    machine.switch_ports = 2;
    return config;
}

std::vector<std::string> select(const VmConfig& config,
                                const char* xpath,
                                const HostChoices& host = kTcg) {
    return select_text(build_domain_xml(config, host), xpath, "a test's domain");
}

TEST(MachineXml, OfAQ35WithEveryOptionIsAsRecorded) {
    expect_golden("q35-machine.xml", build_domain_xml(full_config(), kTcg));
}

TEST(MachineXml, OfAPcThatGrowsByVirtioMemIsAsRecorded) {
    VmConfig config = plain_config();
    config.machine_type = "pc";
    config.max_memory_mib = 2048;
    config.memory_slots = 1;
    config.machine.memory.virtio_mem = true;
    config.machine.memory.spare_mib = 256;
    config.machine.memory.file_directory = "/var/lib/libvirt/qemu/ram";
    config.machine.bridges = 2;
    config.machine.firmware = {"/usr/share/OVMF/OVMF_CODE.fd", "/var/lib/kata/vars.fd"};
    expect_golden("pc-virtio-mem.xml", build_domain_xml(config, kTcg));
}

TEST(MachineXml, HasNothingThatWasNotAskedFor) {
    const VmConfig config = plain_config();
    EXPECT_THAT(select(config, "//cpu/feature/@name"), IsEmpty());
    EXPECT_THAT(select(config, "/domain/maxMemory/text()"), IsEmpty());
    EXPECT_THAT(select(config, "/domain/memory/@dumpCore"), IsEmpty());
    EXPECT_THAT(select(config, "//memoryBacking/*/@*"), ElementsAre("memfd", "shared"));
    EXPECT_THAT(select(config, "//memballoon/@model"), ElementsAre("none"));
    EXPECT_THAT(select(config, "//features/*/@state"), ElementsAre("off"));
    EXPECT_THAT(select(config, "//rng/@model | //iommu/@model | //os/loader/@type"), IsEmpty());
    EXPECT_THAT(select(config, "//controller[@type='pci']/@model"), IsEmpty());
}

TEST(MachineXml, HasMemoryOptionsAlsoWithoutAShare) {
    VmConfig config = plain_config();
    config.share.reset();
    EXPECT_THAT(select(config, "//memoryBacking/*/@*"), IsEmpty());
    config.machine.memory.preallocated = true;
    EXPECT_THAT(select(config, "//memoryBacking/*/@*"), ElementsAre("immediate"));
}

TEST(MachineXml, LeavesRoomForMemoryThatIsPluggedByOthers) {
    VmConfig config = plain_config();
    config.machine.memory.spare_mib = 1024;
    EXPECT_THAT(select(config, "/domain/maxMemory/text()"), ElementsAre("1664"));
    EXPECT_THAT(select(config, "/domain/maxMemory/@slots"), ElementsAre("1"));
    EXPECT_THAT(select(config, "//cell/@cpus"), ElementsAre("0-3"));
    EXPECT_THAT(select(config, "//memnode/@nodeset"), IsEmpty());
}

TEST(MachineXml, HasNoVirtioMemWithoutRoomToGrow) {
    VmConfig config = plain_config();
    config.machine.memory.virtio_mem = true;
    EXPECT_THAT(select(config, "//devices/memory/@model"), IsEmpty());
}

TEST(MachineXml, PutsTheIoApicIntoQemuForAnIommuUnderKvm) {
    VmConfig config = plain_config();
    EXPECT_THAT(select(config, "//ioapic/@driver", kKvm), IsEmpty());
    config.machine.switches.split_irqchip = false;
    EXPECT_THAT(select(config, "//ioapic/@driver", kKvm), ElementsAre("kvm"));
    config.machine.iommu = true;
    EXPECT_THAT(select(config, "//ioapic/@driver", kKvm), ElementsAre("qemu"));
    EXPECT_THAT(select(config, "//ioapic/@driver", kTcg), IsEmpty());
}

TEST(MachineXml, NumbersBridgesBehindTheHotplugPorts) {
    EXPECT_THAT(select(full_config(), "//controller[@type='pci']/@index"),
                ElementsAre("1", "2", "3", "4", "5", "6", "7", "8"));
}

class MachineXmlControlCharacter : public testing::TestWithParam<void (*)(VmMachine&)> {};

TEST_P(MachineXmlControlCharacter, IsRefused) {
    VmConfig config = full_config();
    GetParam()(config.machine);
    EXPECT_EQ(test::failure_of([&] { return build_domain_xml(config, kTcg); }).code(),
              base::ErrorCode::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(
    InAnyText,
    MachineXmlControlCharacter,
    testing::Values([](VmMachine& machine) { machine.firmware.program += '\x1b'; },
                    [](VmMachine& machine) { machine.firmware.variables += '\n'; },
                    [](VmMachine& machine) { machine.entropy_source += '\x01'; },
                    [](VmMachine& machine) { machine.cpu_features[0].name += '\x1b'; },
                    [](VmMachine& machine) { machine.nodes[0].host_nodes += '\n'; }));

}  // namespace
}  // namespace kata::libvirt_driver
