#include "tests/unit/host/kinds.h"

namespace kata::host {
namespace {

void move_guest_to_share(FakeHost& tree) {
    std::filesystem::create_directories(tree.at("usr/share/kata"));
    std::filesystem::rename(tree.at(kKernelPath), tree.at("usr/share/kata/vmlinux"));
}

void want_image(Wanted& wanted) {
    wanted.image = std::string("/") + kImagePath;
}

}  // namespace

const std::vector<Kind>& libvirt_kinds() {
    static const std::vector<Kind> kinds = {
        {"NoLibvirt",
         [](FakeHost& tree) {
             tree.remove("usr/sbin/libvirtd");
             tree.remove("proc/77");
         },
         [](Host& host) { host.libvirt = {.uri = "u", .error = "cannot connect"}; },
         {{"libvirt", kFail}}},
        {"LibrariesMissing",
         nothing,
         [](Host& host) {
             host.libvirt = {.uri = "u", .missing_library = "libpugixml.so.1: cannot open"};
         },
         {{"libraries", kFail}, {"libvirt", kWarn}}},
        {"LibvirtNotRunning",
         [](FakeHost& tree) { tree.remove("proc/77"); },
         [](Host& host) { host.libvirt = {.uri = "u", .error = "cannot connect"}; },
         {{"libvirt", kFail}}},
        {"LibvirtTooOld",
         nothing,
         [](Host& host) { host.libvirt.daemon = "6.0.0"; },
         {{"libvirt", kFail}}},
        {"LibvirtOlderThanTested",
         nothing,
         [](Host& host) { host.libvirt.daemon = "8.0.0"; },
         {{"libvirt", kWarn}}},
        {"RemoteLibvirtOnly",
         [](FakeHost& tree) {
             tree.remove("usr/sbin/libvirtd");
             tree.remove("proc/77");
         },
         as_probed,
         {}},
        {"LibvirtEndsWhenIdle",
         [](FakeHost& tree) {
             tree.run_daemon(
                 std::string("--timeout\0"
                             "120\0",
                             14));
         },
         as_probed,
         {{"libvirt-idle", kWarn}}},
        {"LibvirtEndsForGood",
         [](FakeHost& tree) {
             tree.run_daemon("--timeout=30");
             tree.remove("run/systemd");
         },
         as_probed,
         {{"libvirt-idle", kFail}}},
        {"PrivateMounts",
         [](FakeHost& tree) {
             tree.write("proc/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda rw\n");
         },
         as_probed,
         {{"mounts", kWarn}}},
        {"LibvirtSeesNoMounts",
         [](FakeHost& tree) { tree.run_daemon("", "mnt:[2]", "shared:9"); },
         as_probed,
         {{"mounts", kFail}}},
        {"LibvirtReceivesMounts",
         [](FakeHost& tree) { tree.run_daemon("", "mnt:[2]", "shared:9 master:1"); },
         as_probed,
         {}},
        {"NoQemu",
         [](FakeHost& tree) { tree.remove("usr/bin/qemu-system-x86_64"); },
         as_probed,
         {{"qemu", kFail}, {"capability-cache", kWarn}}},
        {"QemuTooOld",
         nothing,
         [](Host& host) { host.emulator_version = "QEMU emulator version 4.2.1 (Debian)"; },
         {{"qemu", kFail}}},
        {"QemuOlderThanTested",
         nothing,
         [](Host& host) { host.emulator_version = "QEMU emulator version 6.2.0"; },
         {{"qemu", kWarn}}},
        {"ConfiguredQemuMissing",
         nothing,
         as_probed,
         {{"qemu", kFail}, {"capability-cache", kWarn}},
         Acceleration::kvm,
         [](Wanted& wanted) { wanted.emulator = "/opt/qemu"; }},
        {"QemuReplaced",
         [](FakeHost& tree) { tree.write_cache("12345"); },
         as_probed,
         {{"capability-cache", kWarn}}},
        {"QemuNeverAsked",
         [](FakeHost& tree) { tree.remove("var/cache"); },
         as_probed,
         {{"capability-cache", kWarn}}},
        {"NoVirtiofsd",
         [](FakeHost& tree) { tree.remove("usr/lib/qemu/virtiofsd"); },
         as_probed,
         {{"virtiofsd", kFail}}},
        {"VirtiofsdNotDescribed",
         [](FakeHost& tree) {
             tree.write("usr/share/qemu/vhost-user/50-qemu-virtiofsd.json", "{");
         },
         as_probed,
         {{"virtiofsd", kFail}}},
    };
    return kinds;
}

const std::vector<Kind>& guest_kinds() {
    static const std::vector<Kind> kinds = {
        {"NoKernel",
         [](FakeHost& tree) { tree.remove(kKernelPath); },
         as_probed,
         {{"guest-kernel", kFail}}},
        {"NoInitrd",
         [](FakeHost& tree) { tree.remove(kInitrdPath); },
         as_probed,
         {{"guest-initrd", kFail}}},
        {"KernelIsText",
         [](FakeHost& tree) { tree.write(kKernelPath, "hello"); },
         as_probed,
         {{"guest-kernel", kFail}}},
        {"InitrdIsText",
         [](FakeHost& tree) { tree.write(kInitrdPath, "hello"); },
         as_probed,
         {{"guest-initrd", kFail}}},
        {"InitrdOfAnotherKernel",
         [](FakeHost& tree) { tree.write(kInitrdPath, "070701 lib/modules/5.10.0-1/x"); },
         as_probed,
         {{"guest-fit", kFail}}},
        {"PackedInitrd",
         [](FakeHost& tree) { tree.write(kInitrdPath, "\x1f\x8b..."); },
         as_probed,
         {}},
        {"InitrdLargerThanMemory",
         nothing,
         [](Host& host) { host.guest_initrd.bytes = std::uint64_t{3} << 30; },
         {{"guest-initrd", kFail}}},
        {"ImageInForce",
         [](FakeHost& tree) { tree.write_image(); },
         as_probed,
         {},
         Acceleration::kvm,
         want_image},
        {"NoImage", nothing, as_probed, {{"guest-image", kFail}}, Acceleration::kvm, want_image},
        {"ImageIsText",
         [](FakeHost& tree) { tree.write(kImagePath, "hello"); },
         as_probed,
         {{"guest-image", kFail}},
         Acceleration::kvm,
         want_image},
        {"ImageOfAnotherFileSystem",
         [](FakeHost& tree) {
             tree.write(kImagePath, "XFSB lib/modules/" + std::string(kRelease) + "/");
         },
         as_probed,
         {{"guest-image", kFail}},
         Acceleration::kvm,
         want_image},
        {"ImageOfAnotherKernel",
         [](FakeHost& tree) { tree.write_image("5.10.0-1"); },
         as_probed,
         {{"guest-fit", kFail}},
         Acceleration::kvm,
         want_image},
        {"ImageNotReadable",
         [](FakeHost& tree) {
             tree.write_image();
             tree.set_mode(kImagePath, 0600);
         },
         as_probed,
         {{"guest-access", kFail}},
         Acceleration::kvm,
         want_image},
        {"KernelNotReadable",
         [](FakeHost& tree) { tree.set_mode(kKernelPath, 0600); },
         as_probed,
         {{"guest-access", kFail}}},
        {"GuestBehindAClosedDirectory",
         [](FakeHost& tree) { tree.set_mode("var/lib/kata-containers", 0700); },
         as_probed,
         {{"guest-access", kFail}}},
        {"GuestUnderUsrWithAppArmor",
         [](FakeHost& tree) {
             move_guest_to_share(tree);
             tree.load_module("apparmor", "enabled=Y");
         },
         as_probed,
         {{"guest-access", kFail}},
         Acceleration::kvm,
         [](Wanted& wanted) { wanted.kernel = "/usr/share/kata/vmlinux"; }},
        {"GuestUnderUsrWithoutAppArmor",
         move_guest_to_share,
         as_probed,
         {},
         Acceleration::kvm,
         [](Wanted& wanted) { wanted.kernel = "/usr/share/kata/vmlinux"; }},
        {"AppArmor",
         [](FakeHost& tree) { tree.load_module("apparmor", "enabled=Y"); },
         as_probed,
         {}},
    };
    return kinds;
}

const std::vector<Kind>& engine_kinds() {
    static const std::vector<Kind> kinds = {
        {"NotRoot", nothing, [](Host& host) { host.as_root = false; }, {{"user", kWarn}}},
        {"BrokenConfiguration",
         nothing,
         [](Host& host) { host.configuration_error = "cannot parse \"x\", line 3"; },
         {{"configuration", kFail}}},
        {"DockerThatDoesNotKnowUs",
         [](FakeHost& tree) { tree.write("usr/sbin/dockerd", ""); },
         as_probed,
         {{"docker", kWarn}}},
        {"DockerThatKnowsUs",
         [](FakeHost& tree) {
             tree.write("usr/bin/dockerd", "");
             tree.write("etc/docker/daemon.json",
                        R"({"runtimes": {"k": {"path": "/usr/bin/kata-runtime"}}})");
         },
         as_probed,
         {}},
        {"DockerWithABrokenFile",
         [](FakeHost& tree) {
             tree.write("usr/bin/dockerd", "");
             tree.write("etc/docker/daemon.json", "{,}");
         },
         as_probed,
         {{"docker", kWarn}}},
        {"PodmanThatDoesNotKnowUs",
         [](FakeHost& tree) { tree.write("usr/bin/podman", ""); },
         as_probed,
         {{"podman", kWarn}}},
        {"PodmanThatKnowsUs",
         [](FakeHost& tree) {
             tree.write("usr/bin/podman", "");
             tree.write("etc/containers/containers.conf.d/kata.conf",
                        "[engine.runtimes]\nkata = [\"/opt/bin/kata-runtime\"]\n");
         },
         as_probed,
         {}},
        {"KubernetesThatDoesNotKnowUs",
         [](FakeHost& tree) {
             tree.write("usr/bin/containerd", "");
             tree.write("usr/bin/kubelet", "");
             tree.write("etc/containerd/config.toml", "version = 2\n");
         },
         as_probed,
         {{"containerd", kWarn}}},
        {"KubernetesThatKnowsUs",
         [](FakeHost& tree) {
             tree.write("usr/bin/containerd", "");
             tree.write("usr/bin/kubelet", "");
             tree.write("etc/containerd/config.toml",
                        "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.kata.options]\n"
                        "BinaryName = \"/usr/bin/kata-runtime\"\n");
         },
         as_probed,
         {}},
        {"EverythingMissing",
         [](FakeHost& tree) {
             for (const char* part : {"usr", "var", "dev", "proc/77", "sys/module", "etc/passwd"}) {
                 tree.remove(part);
             }
         },
         [](Host& host) {
             host.libvirt = {.uri = "u", .error = "no such file"};
             host.emulator_version = "";
         },
         {{"kvm-modules", kWarn},
          {"kvm-device", kWarn},
          {"libvirt", kFail},
          {"qemu", kFail},
          {"capability-cache", kWarn},
          {"virtiofsd", kFail},
          {"guest-kernel", kFail},
          {"guest-initrd", kFail},
          {"tun", kFail},
          {"veth", kWarn},
          {"traffic-control", kFail},
          {"vhost-net", kWarn}},
         Acceleration::tcg},
    };
    return kinds;
}

}  // namespace kata::host
