#include <cerrno>

#include "tests/unit/host/kinds.h"

namespace kata::host {
namespace {

void without_vmx(FakeHost& tree) {
    tree.write_processor("GenuineIntel", "lm sse4_1");
}

}  // namespace

const std::vector<Kind>& processor_kinds() {
    static const std::vector<Kind> kinds = {
        {"BareMetalIntel", nothing, as_probed, {}},
        {"BareMetalAmd",
         [](FakeHost& tree) {
             tree.write_processor("AuthenticAMD", "lm sse4_1 svm");
             tree.load_module("kvm_amd");
         },
         as_probed,
         {}},
        {"NoVmxButKvmOpens",
         without_vmx,
         as_probed,
         {{"virtualization", kWarn}},
         Acceleration::tcg},
        {"VirtualMachineWithoutNesting",
         [](FakeHost& tree) {
             tree.write_processor("AuthenticAMD", "lm sse4_1 hypervisor");
             tree.remove("dev/kvm");
         },
         as_probed,
         {{"virtualization", kWarn}},
         Acceleration::tcg},
        {"VirtualMachineWithNesting",
         [](FakeHost& tree) { tree.write_processor("GenuineIntel", "lm sse4_1 vmx hypervisor"); },
         as_probed,
         {}},
        {"KvmModulesNotLoaded",
         [](FakeHost& tree) {
             tree.remove("sys/module/kvm");
             tree.remove("sys/module/kvm_intel");
             tree.remove("dev/kvm");
         },
         as_probed,
         {{"kvm-modules", kWarn}, {"kvm-device", kWarn}},
         Acceleration::tcg},
        {"ContainerWithoutKvm",
         [](FakeHost& tree) { tree.remove("dev/kvm"); },
         as_probed,
         {{"kvm-device", kWarn}},
         Acceleration::tcg},
        {"ContainerWhoseDevicesAreRefused",
         nothing,
         [](Host& host) { host.kvm.open_error = EPERM; },
         {{"kvm-device", kWarn}},
         Acceleration::tcg},
        {"KvmNotForQemu",
         [](FakeHost& tree) { tree.set_mode("dev/kvm", 0600); },
         as_probed,
         {{"kvm-user", kWarn}},
         Acceleration::tcg},
        {"AnotherHypervisorRuns",
         nothing,
         [](Host& host) { host.create_vm_error = EBUSY; },
         {{"kvm-device", kFail}}},
        {"KvmMakesNoVm",
         nothing,
         [](Host& host) { host.create_vm_error = EIO; },
         {{"kvm-device", kFail}}},
        {"KvmDemandedAndNotToBeHad",
         without_vmx,
         as_probed,
         {{"virtualization", kFail}},
         Acceleration::tcg,
         [](Wanted& wanted) { wanted.acceleration = Acceleration::kvm; }},
        {"EmulationDemanded",
         [](FakeHost& tree) {
             without_vmx(tree);
             tree.remove("dev/kvm");
         },
         as_probed,
         {},
         Acceleration::tcg,
         [](Wanted& wanted) { wanted.acceleration = Acceleration::tcg; }},
        {"RealModeEmulated",
         [](FakeHost& tree) { tree.load_module("kvm_intel", "unrestricted_guest=N"); },
         as_probed,
         {{"kvm-modules", kWarn}}},
        {"Arm64",
         [](FakeHost& tree) { tree.write("proc/sys/kernel/arch", "aarch64\n"); },
         as_probed,
         {{"architecture", kFail}}},
        {"ThirtyTwoBitCpu",
         [](FakeHost& tree) { tree.write_processor("GenuineIntel", "sse4_1 vmx"); },
         as_probed,
         {{"cpu", kFail}}},
        {"UnknownCpuType",
         [](FakeHost& tree) { tree.write_processor("HygonGenuine", "lm sse4_1 vmx"); },
         as_probed,
         {{"cpu", kWarn}}},
    };
    return kinds;
}

const std::vector<Kind>& kernel_kinds() {
    static const std::vector<Kind> kinds = {
        {"CgroupV1",
         [](FakeHost& tree) {
             tree.write("proc/self/mounts", kMountsV1);
             tree.write("proc/cgroups", "#subsys_name\ncpu 1 1 1\nmemory 2 1 1\n");
         },
         as_probed,
         {}},
        {"CgroupHybridWithoutMemory",
         [](FakeHost& tree) {
             tree.write("proc/self/mounts",
                        std::string(kMountsV1) + "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n");
             tree.write("proc/cgroups", "#subsys_name\ncpu 1 1 1\nmemory 2 1 0\n");
         },
         as_probed,
         {{"cgroups", kWarn}}},
        {"NoCgroups",
         [](FakeHost& tree) { tree.write("proc/self/mounts", "proc /proc proc rw 0 0\n"); },
         as_probed,
         {{"cgroups", kFail}}},
        {"SelinuxEnforcing",
         [](FakeHost& tree) { tree.write("sys/fs/selinux/enforce", "1"); },
         as_probed,
         {{"selinux", kWarn}}},
        {"SelinuxPermissive",
         [](FakeHost& tree) { tree.write("sys/fs/selinux/enforce", "0"); },
         as_probed,
         {}},
        {"VsockWantedAndMissing",
         nothing,
         as_probed,
         {{"vsock", kFail}},
         Acceleration::kvm,
         [](Wanted& wanted) { wanted.vsock = true; }},
        {"VsockWantedAndThere",
         [](FakeHost& tree) {
             tree.load_module("vhost_vsock");
             tree.write("dev/vhost-vsock", "");
         },
         as_probed,
         {},
         Acceleration::kvm,
         [](Wanted& wanted) { wanted.vsock = true; }},
        {"NoTun", [](FakeHost& tree) { tree.remove("dev/net/tun"); }, as_probed, {{"tun", kFail}}},
        {"KernelWithoutMirred",
         [](FakeHost& tree) { tree.remove("sys/module/act_mirred"); },
         as_probed,
         {{"traffic-control", kFail}}},
        {"KernelWithoutMirredButMacvtap",
         [](FakeHost& tree) { tree.remove("sys/module/act_mirred"); },
         as_probed,
         {},
         Acceleration::kvm,
         [](Wanted& wanted) { wanted.mirrored_network = false; }},
        {"KernelWithoutVeth",
         [](FakeHost& tree) {
             tree.write("usr/lib/modules/6.1.0-40-amd64/modules.dep", "kernel/cls_u32.ko:\n");
         },
         as_probed,
         {{"veth", kWarn}}},
        {"NoVhostNet",
         [](FakeHost& tree) {
             tree.remove("sys/module/vhost_net");
             tree.remove("dev/vhost-net");
         },
         as_probed,
         {{"vhost-net", kWarn}}},
        {"FullDisk", nothing, [](Host& host) { host.free_mib["/var/lib"] = 3; }, {{"disk", kFail}}},
        {"AlmostFullDisk",
         nothing,
         [](Host& host) { host.free_mib["/run/vc/sbs"] = 100; },
         {{"disk", kWarn}}},
        {"LittleMemory",
         nothing,
         [](Host& host) { host.memory.available = std::uint64_t{1000} << 10; },
         {{"memory", kWarn}}},
        {"NoMemory",
         nothing,
         [](Host& host) { host.memory.available = std::uint64_t{100} << 10; },
         {{"memory", kFail}}},
    };
    return kinds;
}

}  // namespace kata::host
