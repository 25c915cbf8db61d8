#include "pkg/sandbox/machine_builder.h"

#include <fcntl.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/file.h"
#include "pkg/sandbox/config/load.h"
#include "pkg/sandbox/cpu_list.h"
#include "pkg/sandbox/machine_words.h"
#include "pkg/sandbox/numa_nodes.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using test::failure_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;

const HostLayout kTwoNodes{.huge_page_mib = 2, .nodes = {{0, 6}, {1, 2}}};

VmConfig vm_of(std::uint64_t memory_mib = 600) {
    VmConfig vm;
    vm.machine_type = "q35";
    vm.vcpus = 4;
    vm.memory_mib = memory_mib;
    vm.kernel_parameters = "quiet iommu=off maxcpus=1 iommu=theirs";
    return vm;
}

VmConfig fitted(const MachineOptions& options, VmConfig vm = vm_of()) {
    static_cast<void>(fit_machine(vm, options, kTwoNodes));
    return vm;
}

VmMachine with_features(const std::string& words) {
    VmMachine machine;
    add_cpu_features(machine, words);
    return machine;
}

VmMachine with_accelerators(const std::string& words) {
    VmMachine machine;
    add_machine_accelerators(machine, words);
    return machine;
}

TEST(CpuFeatures, AreNamesWithASignOrAValue) {
    EXPECT_THAT(with_features(" avx2, +pdpe1gb,-x2apic,,sse4.1=off,vmx=on ").cpu_features,
                ElementsAre(CpuFeature{"avx2", true},
                            CpuFeature{"pdpe1gb", true},
                            CpuFeature{"x2apic", false},
                            CpuFeature{"sse4.1", false},
                            CpuFeature{"vmx", true}));
}

TEST(CpuFeatures, CountOnceAndTheLastWordWins) {
    EXPECT_THAT(with_features("vmx,avx,vmx=off").cpu_features,
                ElementsAre(CpuFeature{"avx", true}, CpuFeature{"vmx", false}));
}

TEST(CpuFeatures, LeaveThePmuToTheBoard) {
    const VmMachine machine = with_features("pmu=off");
    EXPECT_THAT(machine.switches.pmu, Optional(false));
    EXPECT_THAT(machine.cpu_features, IsEmpty());
}

TEST(CpuFeatures, AreRefusedIfTheyAreNoNames) {
    for (const char* words : {"=on", "avx=maybe", "+avx=on", "a vx", "avx;x", "-", "AVX\x1b"}) {
        const auto error = failure_of([&] { return with_features(words); });
        EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << words;
        EXPECT_THAT(error.what(), HasSubstr("NAME=off")) << words;
    }
}

TEST(MachineAccelerators, SwitchWhatLibvirtCanSwitch) {
    const VmMachine machine =
        with_accelerators("smm=off, vmport,hpet=on,dump-guest-core=off,mem-merge=off,nvdimm");
    EXPECT_THAT(machine.switches.smm, Optional(false));
    EXPECT_THAT(machine.switches.vmport, Optional(true));
    EXPECT_THAT(machine.switches.hpet, Optional(true));
    EXPECT_THAT(machine.switches.dump_guest_core, Optional(false));
    EXPECT_FALSE(machine.memory.mergeable);
    EXPECT_THAT(with_accelerators("kernel_irqchip=split").switches.split_irqchip, Optional(true));
    EXPECT_THAT(with_accelerators("kernel_irqchip=on").switches.split_irqchip, Optional(false));
}

TEST(MachineAccelerators, AreRefusedWithTheNamesThatThereAre) {
    const auto error = failure_of([] { return with_accelerators("pic=off"); });
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_THAT(error.what(), HasSubstr("\"pic=off\", for which libvirt has no setting"));
    EXPECT_THAT(error.what(), HasSubstr("mem-merge"));
    for (const char* words : {"smm=auto", "nvdimm=off", "kernel_irqchip=off"}) {
        EXPECT_EQ(failure_of([&] { return with_accelerators(words); }).code(),
                  ErrorCode::invalid_argument)
            << words;
    }
}

TEST(FitMachine, LeavesAVmAloneWithoutOptions) {
    const VmConfig vm = fitted({});
    EXPECT_EQ(vm.machine, VmMachine{});
    EXPECT_EQ(vm.memory_mib, 600U);
    EXPECT_EQ(vm.kernel_parameters, vm_of().kernel_parameters);
}

TEST(FitMachine, HasTheBridgesAndSwitchPortsOfTheConfiguration) {
    MachineOptions options;
    options.default_bridges = 3;
    options.pcie_switch_ports = 4;
    const VmConfig vm = fitted(options);
    EXPECT_EQ(vm.machine.bridges, 3U);
    EXPECT_EQ(vm.machine.switch_ports, 4U);
}

TEST(FitMachine, RoundsMemoryUpToHugePagesAndTakesThemAtOnce) {
    MachineOptions options;
    options.enable_hugepages = true;
    VmConfig vm = vm_of(641);
    vm.max_memory_mib = 641 + 128;
    vm = fitted(options, vm);
    EXPECT_EQ(vm.memory_mib, 642U);
    EXPECT_EQ(vm.max_memory_mib, 642U + 128);
    EXPECT_TRUE(vm.machine.memory.huge_pages);
    EXPECT_TRUE(vm.machine.memory.preallocated);
}

TEST(FitMachine, LeavesTransparentHugePagesToTheKernelAndSaysIfItMakesNone) {
    MachineOptions options;
    options.enable_hugepages = true;
    options.hugepage_type = "thp";
    HostLayout host = kTwoNodes;
    VmConfig vm = vm_of(641);
    EXPECT_THAT(fit_machine(vm, options, host), ElementsAre(HasSubstr("shmem_enabled")));
    EXPECT_EQ(vm.machine.memory, VmMemory{});
    EXPECT_EQ(vm.memory_mib, 641U);
    host.transparent_huge_pages = true;
    EXPECT_THAT(fit_machine(vm, options, host), IsEmpty());
}

TEST(FitMachine, TakesTheMemoryOptionsOver) {
    MachineOptions options;
    options.enable_mem_prealloc = true;
    options.enable_swap = false;
    options.enable_virtio_mem = true;
    options.enable_vhost_user_store = true;
    options.reclaim_guest_freed_memory = true;
    options.memory_offset_mib = 512;
    options.file_mem_backend = "/var/lib/libvirt/qemu/ram";
    const VmMemory memory = fitted(options).machine.memory;
    EXPECT_TRUE(memory.preallocated && memory.locked && memory.virtio_mem && memory.reports_free);
    EXPECT_TRUE(memory.shared);
    EXPECT_FALSE(memory.huge_pages);
    EXPECT_EQ(memory.spare_mib, 512U);
    EXPECT_EQ(memory.file_directory, "/var/lib/libvirt/qemu/ram");
    options.file_mem_backend = "/dev/shm";
    EXPECT_EQ(fitted(options).machine.memory.file_directory, "");
}

TEST(FitMachine, TurnsTheGuestsIommuOnWhereOursWasOff) {
    MachineOptions options;
    options.enable_iommu = true;
    const VmConfig vm = fitted(options);
    EXPECT_TRUE(vm.machine.iommu);
    EXPECT_EQ(vm.kernel_parameters, "quiet intel_iommu=on iommu=pt maxcpus=1 iommu=theirs");
}

TEST(FitMachine, HidesNestedVirtualizationUnlessAFeatureShowsIt) {
    MachineOptions options;
    options.disable_nested_virtualization = true;
    EXPECT_THAT(fitted(options).machine.cpu_features,
                ElementsAre(CpuFeature{"vmx", false}, CpuFeature{"svm", false}));
    options.cpu_features = "vmx";
    EXPECT_THAT(fitted(options).machine.cpu_features,
                ElementsAre(CpuFeature{"svm", false}, CpuFeature{"vmx", true}));
}

TEST(FitMachine, RefusesSeveralNodesForAVmThatCanGrow) {
    MachineOptions options;
    options.enable_numa = true;
    VmConfig vm = vm_of();
    vm.max_memory_mib = 1024;
    const auto error = failure_of([&] { return fit_machine(vm, options, kTwoNodes); });
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_THAT(error.what(), HasSubstr("static_sandbox_resource_mgmt = true"));
    options.numa_mapping = {"0-1"};
    EXPECT_NO_THROW(static_cast<void>(fit_machine(vm, options, kTwoNodes)));
    EXPECT_THAT(vm.machine.nodes, ElementsAre(VmNode{"0-1", 0, 4, 600}));
}

TEST(NumaNodes, DivideVcpusAndMemoryAsTheHostsCpusAre) {
    EXPECT_THAT(numa_nodes({}, kTwoNodes.nodes, 4, 600, 2),
                ElementsAre(VmNode{"0", 0, 3, 450}, VmNode{"1", 3, 1, 150}));
    EXPECT_THAT(numa_nodes({"1", "1", "0-1"}, kTwoNodes.nodes, 3, 4, 1),
                ElementsAre(VmNode{"1", 0, 1, 2}, VmNode{"1", 1, 1, 1}, VmNode{"0-1", 2, 1, 1}));
}

TEST(NumaNodes, AreRefusedIfTheyAreNotTheHostsOrTooMany) {
    const auto message = [](const std::vector<std::string>& mapping, unsigned vcpus) {
        return std::string(
            failure_of([&] { return numa_nodes(mapping, kTwoNodes.nodes, vcpus, 600, 2); }).what());
    };
    EXPECT_THAT(message({"x"}, 4), HasSubstr("\"x\", which is no list of NUMA nodes"));
    EXPECT_THAT(message({""}, 4), HasSubstr("no list of NUMA nodes"));
    EXPECT_THAT(message({"0", "2"}, 4), HasSubstr("names NUMA node 2"));
    EXPECT_THAT(message({}, 1), HasSubstr("cannot have 2 NUMA nodes"));
}

TEST(CpuList, IsNumbersAndRanges) {
    EXPECT_THAT(parse_cpu_list("7,0-2, 1\n"), Optional(ElementsAre(0, 1, 2, 7)));
    EXPECT_THAT(parse_cpu_list(""), Optional(IsEmpty()));
    for (const char* text : {"a", "2-1", "1-", "-1", "1,,2", "0-4096", "0x1"}) {
        EXPECT_EQ(parse_cpu_list(text), std::nullopt) << text;
    }
}

TEST(HostLayout, IsReadFromProcAndSys) {
    const test::TemporaryDirectory root;
    base::make_directories(root / "proc");
    base::make_directories(root / "sys/kernel/mm/transparent_hugepage");
    base::make_directories(root / "sys/devices/system/node/node0");
    base::make_directories(root / "sys/devices/system/node/node2");
    const auto write = [&](const char* file, const char* text) {
        base::write_file_atomically(root / file, text);
    };
    write("proc/meminfo", "MemTotal: 1 kB\nHugepagesize:    1048576 kB\nHugetlb: 0 kB\n");
    write("sys/kernel/mm/transparent_hugepage/shmem_enabled", "always within_size [advise] never");
    write("sys/devices/system/node/online", "0,2\n");
    write("sys/devices/system/node/node0/cpulist", "0-3\n");
    write("sys/devices/system/node/node2/cpulist", "\n");  // memory without CPUs
    const HostLayout host = host_layout(root.path());
    EXPECT_EQ(host.huge_page_mib, 1024U);
    EXPECT_TRUE(host.transparent_huge_pages);
    ASSERT_EQ(host.nodes.size(), 1U);
    EXPECT_EQ(host.nodes[0].number, 0U);
    EXPECT_EQ(host.nodes[0].cpus, 4U);
    write("sys/kernel/mm/transparent_hugepage/shmem_enabled", "always within_size advise [never]");
    EXPECT_FALSE(host_layout(root.path()).transparent_huge_pages);
}

struct Contradiction {
    const char* name;
    void (*set)(RuntimeConfig&);
    const char* words;
};

class MachineContradiction : public testing::TestWithParam<Contradiction> {};

TEST_P(MachineContradiction, IsSaidWhenTheConfigurationIsRead) {
    RuntimeConfig config = built_in_config();
    EXPECT_EQ(contradiction_in(config), "");
    GetParam().set(config);
    EXPECT_THAT(contradiction_in(config), HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    Of,
    MachineContradiction,
    testing::Values(Contradiction{"Iommu",
                                  [](RuntimeConfig& c) {
                                      c.machine.enable_iommu = true;
                                      c.machine_type = "pc";
                                  },
                                  "enable_iommu"},
                    Contradiction{"SwitchPorts",
                                  [](RuntimeConfig& c) {
                                      c.machine.pcie_switch_ports = 1;
                                      c.machine_type = "pc";
                                  },
                                  "pcie_switch_port"},
                    Contradiction{"OnePflash",
                                  [](RuntimeConfig& c) { c.machine.pflashes = {"/a"}; },
                                  "two files"},
                    Contradiction{"PflashesAndFirmware",
                                  [](RuntimeConfig& c) {
                                      c.machine.pflashes = {"/a", "/b"};
                                      c.machine.firmware = "/a";
                                  },
                                  "exclude each other"},
                    Contradiction{"VolumeAlone",
                                  [](RuntimeConfig& c) { c.machine.firmware_volume = "/b"; },
                                  "goes with \"firmware\" only"},
                    Contradiction{"HashAlone",
                                  [](RuntimeConfig& c) { c.machine.firmware_hash = "00"; },
                                  "hash of a firmware"},
                    Contradiction{"Features",
                                  [](RuntimeConfig& c) { c.machine.cpu_features = "avx=x"; },
                                  "\"hypervisor.qemu.cpu_features\" has \"avx=x\""},
                    Contradiction{"Accelerators",
                                  [](RuntimeConfig& c) { c.machine.machine_accelerators = "pit"; },
                                  "\"hypervisor.qemu.machine_accelerators\" has \"pit\""}),
    [](const auto& info) { return info.param.name; });

TEST(ReplacePflashes, MakesThemFirmwareAndVolume) {
    MachineOptions options;
    options.pflashes = {"/code", "/vars"};
    replace_pflashes(options);
    EXPECT_EQ(options.firmware, "/code");
    EXPECT_EQ(options.firmware_volume, "/vars");
    EXPECT_THAT(options.pflashes, IsEmpty());
}

TEST(MachineFiles, MustBeWhatTheyAreUsedAs) {
    const auto message = [](const MachineOptions& options) {
        return std::string(failure_of([&] {
                               require_machine_files(options);
                               return 0;
                           }).what());
    };
    EXPECT_NO_THROW(require_machine_files({}));
    MachineOptions options;
    options.entropy_source = "/dev/null";
    EXPECT_NO_THROW(require_machine_files(options));
    options.entropy_source = "/etc/passwd";
    EXPECT_THAT(message(options), HasSubstr("not a character device such as /dev/urandom"));
    options = {};
    options.firmware = "/nowhere/bios.bin";
    EXPECT_THAT(message(options),
                HasSubstr("\"hypervisor.qemu.firmware\" = \"/nowhere/bios.bin\""));
    options.firmware = "/dev";
    EXPECT_THAT(message(options), HasSubstr("not a file"));
    options = {};
    options.file_mem_backend = "/etc/passwd";
    EXPECT_THAT(message(options), HasSubstr("not a directory"));
}

}  // namespace
}  // namespace kata::sandbox
