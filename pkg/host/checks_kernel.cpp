#include <algorithm>
#include <utility>

#include "pkg/host/checks.h"

namespace kata::host {
namespace {

// Less is not enough for the state of one sandbox, or for the log of its console.
constexpr std::uint64_t kLeastFreeMib = 16;
constexpr std::uint64_t kFewFreeMib = 256;
// What QEMU needs beside the guest's memory.
constexpr std::uint64_t kEmulatorMib = 128;

/// The finding about modules that are needed together: those that can be loaded are named in the
/// fix.
Finding about_modules(const Host& host,
                      const std::vector<std::string>& names,
                      Verdict without,
                      const std::string& consequence) {
    Finding finding{.text = "there"};
    std::string loadable;
    std::string absent;
    for (const std::string& name : names) {
        const Module& module = host.module(name);
        finding.details.push_back((module.works()
                                       ? "kernel property found: type=module name="
                                       : "kernel property not found: type=module name=") +
                                  name);
        if (!module.works()) {
            std::string& list = module.state == ModuleState::absent ? absent : loadable;
            list += (list.empty() ? "" : ", ") + name;
        }
    }
    if (!absent.empty()) {
        finding.verdict = without;
        finding.text = "the kernel has no " + absent + ": " + consequence;
        finding.remedy = look("modinfo " + names.front() + "  # or boot a kernel that has it");
    } else if (!loadable.empty()) {
        // The kernel loads them by itself when they are first used.
        finding.text = loadable + " is loaded when it is first used";
    }
    return finding;
}

}  // namespace

Finding check_vsock(const Host& host) {
    const bool there = host.module("vhost_vsock").works() && host.vhost_vsock.exists;
    if (there) {
        return {.text = "there"};
    }
    if (!host.wanted.vsock) {
        return {.text = "not there; not needed: the agent is spoken to over virtio-serial"};
    }
    return {.verdict = Verdict::fail,
            .text = "use_vsock is set and vhost_vsock is not loaded",
            .remedy = load_modules(host, {"vhost_vsock"})};
}

Finding check_vhost_net(const Host& host) {
    if (!host.wanted.vhost_net) {
        return {.text = "not needed: disable_vhost_net is set"};
    }
    const Module& module = host.module("vhost_net");
    Finding finding{.text = "there"};
    finding.details = {(module.works() ? "kernel property found" : "kernel property not found") +
                       std::string(": type=module name=vhost_net")};
    if (!module.works() && !host.vhost_net.exists) {
        finding.verdict = Verdict::warn;
        finding.text = "vhost_net is not there: QEMU itself moves each packet, which is slower";
        finding.remedy = load_modules(host, {"vhost_net"});
    }
    return finding;
}

Finding check_tun(const Host& host) {
    if (host.tun.exists) {
        return {.text = "/dev/net/tun"};
    }
    return {.verdict = Verdict::fail,
            .text = "/dev/net/tun does not exist: VMs cannot have a network interface",
            .remedy = {"modprobe tun; mkdir -p /dev/net && { test -e /dev/net/tun || mknod -m 666 "
                       "/dev/net/tun c 10 200; }",
                       std::nullopt}};
}

Finding check_veth(const Host& host) {
    return about_modules(
        host, {"veth"}, Verdict::warn, "engines cannot give a container a network");
}

Finding check_traffic_control(const Host& host) {
    if (!host.wanted.mirrored_network) {
        return {.text = "not needed: internetworking_model is not tcfilter"};
    }
    return about_modules(host,
                         {"act_mirred", "cls_u32", "sch_ingress"},
                         Verdict::fail,
                         "packets do not reach VMs; set internetworking_model to macvtap");
}

Finding check_cgroups(const Host& host) {
    const auto& controllers = host.cgroups.controllers;
    std::string layout = "v1";
    switch (host.cgroups.layout) {
        case CgroupLayout::none:
            return {.verdict = Verdict::fail,
                    .text = "no cgroups are mounted at /sys/fs/cgroup",
                    .remedy = {"mount -t cgroup2 cgroup2 /sys/fs/cgroup", std::nullopt}};
        case CgroupLayout::v1:
            break;
        case CgroupLayout::hybrid:
            layout = "v1 with v2 beside it";
            break;
        case CgroupLayout::v2:
            layout = "v2";
            break;
    }
    for (const char* needed : {"cpu", "memory"}) {
        if (std::ranges::find(controllers, needed) == controllers.end()) {
            return {.verdict = Verdict::warn,
                    .text = layout + ", without the " + needed +
                            " controller: sandboxes are not limited and not measured by it",
                    .remedy = look("cat /proc/cgroups /sys/fs/cgroup/cgroup.controllers")};
        }
    }
    return {.text = layout};
}

Finding check_selinux(const Host& host) {
    switch (host.security.selinux) {
        case SelinuxMode::off:
            return {.text = "off"};
        case SelinuxMode::permissive:
            return {.text = "permissive"};
        case SelinuxMode::enforcing:
            break;
    }
    return {.verdict = Verdict::warn,
            .text =
                "enforcing, which kata-runtime is not tested under: look here if a VM does not "
                "start",
            .remedy = look("ausearch -m AVC -ts recent")};
}

Finding check_apparmor(const Host& host) {
    return {.text = host.security.apparmor ? "on: libvirt confines each VM" : "off"};
}

Finding check_memory(const Host& host) {
    const std::uint64_t available = host.memory.available >> 10;
    const std::uint64_t wanted = host.wanted.memory_mib;
    const std::string text = std::to_string(available) + " MiB are available";
    // A guest takes its memory page by page, so that much less than it may take is often enough.
    if (available < kEmulatorMib * 2) {
        return {.verdict = Verdict::fail,
                .text = text + ", too little for a VM",
                .remedy = look("ps -eo pid,rss,args --sort=-rss | head")};
    }
    if (available < wanted + kEmulatorMib) {
        return {.verdict = Verdict::warn,
                .text = text + ", less than one VM may take (default_memory = " +
                        std::to_string(wanted) + ")",
                .remedy = look("ps -eo pid,rss,args --sort=-rss | head")};
    }
    return {.text = text};
}

Finding check_disk(const Host& host) {
    Finding finding{.text = "enough"};
    for (const auto& [directory, mib] : host.free_mib) {
        if (mib >= kFewFreeMib) {
            continue;
        }
        const Verdict verdict = mib < kLeastFreeMib ? Verdict::fail : Verdict::warn;
        if (verdict > finding.verdict) {
            finding.verdict = verdict;
            finding.text = "only " + std::to_string(mib) + " MiB are free at " + directory;
            finding.remedy = look("df -h " + directory);
        }
    }
    return finding;
}

}  // namespace kata::host
