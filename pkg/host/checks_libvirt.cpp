#include <array>

#include "pkg/host/checks.h"
#include "pkg/host/text.h"

namespace kata::host {
namespace {

struct Version {
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    auto operator<=>(const Version&) const = default;
};

// virtio-fs came with these.
constexpr Version kLeastLibvirt{6, 2};
constexpr Version kLeastQemu{5, 0};
// What is tested.
constexpr Version kTestedLibvirt{9, 0};
constexpr Version kTestedQemu{7, 2};

/// The first word of `text` that looks like "7.2.22".
Version version_in(const std::string& text) {
    for (const std::string& word : words_of(text)) {
        const auto parts = split(word, '.');
        if (parts.size() >= 2 && number_of(parts[0]) && number_of(parts[1])) {
            return {*number_of(parts[0]), *number_of(parts[1])};
        }
    }
    return {};
}

std::string text_of(const Version& version) {
    return std::to_string(version.major) + "." + std::to_string(version.minor);
}

/// Adds what is to be said of a program's age.
void judge_age(Finding& finding, const Version& version, Version least, Version tested) {
    if (version == Version{}) {
        finding.verdict = Verdict::warn;
        finding.text += ", of unknown version";
    } else if (version < least) {
        finding.verdict = Verdict::fail;
        finding.text += " is too old: virtio-fs needs " + text_of(least) + " or newer";
    } else if (version < tested) {
        finding.verdict = Verdict::warn;
        finding.text += " is older than what is tested, " + text_of(tested);
    }
}

}  // namespace

Finding check_libvirt(const Host& host) {
    if (!host.libvirt.arrived() && host.daemon.name.empty()) {
        return {.verdict = Verdict::fail,
                .text = "libvirt's daemon is not installed",
                .remedy = install(host, Part::libvirt)};
    }
    if (!host.libvirt.missing_library.empty()) {
        return {.verdict = Verdict::warn,
                .text = "not asked: kata-runtime has not all of its libraries",
                .remedy = install(host, Part::libraries)};
    }
    if (!host.libvirt.arrived()) {
        Finding finding{.verdict = Verdict::fail, .text = host.libvirt.error};
        if (finding.text.empty()) {
            finding.text = "libvirt was not asked";
        }
        finding.remedy = host.daemon.pid ? restart_daemon(host) : start_daemon(host);
        return finding;
    }
    Finding finding{.text = "libvirt " + host.libvirt.daemon};
    judge_age(finding, version_in(host.libvirt.daemon), kLeastLibvirt, kTestedLibvirt);
    if (finding.verdict != Verdict::pass) {
        finding.remedy = install(host, Part::libvirt);
    } else {
        finding.text += " answers at " + host.libvirt.uri;
    }
    return finding;
}

Finding check_libvirt_idle(const Host& host) {
    const Daemon& daemon = host.daemon;
    if (!daemon.pid) {
        return {.text = "not known: the daemon does not run on this machine"};
    }
    if (daemon.idle_timeout == 0) {
        return {.text = daemon.name + " stays"};
    }
    Finding finding{.verdict = host.has_systemd ? Verdict::warn : Verdict::fail};
    finding.text =
        daemon.name + " ends after " + std::to_string(daemon.idle_timeout) + " s without a VM";
    if (!host.has_systemd) {
        finding.text += ", and nothing here starts it again";
        finding.remedy = restart_daemon(host);
        return finding;
    }
    finding.text += "; the next command waits until systemd has started it again";
    const bool is_libvirtd = daemon.name == "libvirtd";
    finding.remedy.command =
        std::string("echo '") + (is_libvirtd ? "LIBVIRTD_ARGS=" : "VIRTQEMUD_ARGS=") +
        "' >>/etc/default/" + daemon.name + " && systemctl restart " + daemon.name;
    return finding;
}

Finding check_mounts(const Host& host) {
    if (host.daemon.pid && !host.daemon.sees_our_mounts) {
        return {.verdict = Verdict::fail,
                .text = host.daemon.name +
                        " lives in a mount namespace that does not see mounts made here, so "
                        "containers' files would not reach their VMs",
                .remedy = {share_mounts().command + " && " + restart_daemon(host).command,
                           std::nullopt}};
    }
    if (!host.root_is_shared) {
        return {.verdict = Verdict::warn,
                .text =
                    "/ is not a shared mount: a libvirt or an engine with a mount namespace of "
                    "its own would not see what is mounted later",
                .remedy = share_mounts()};
    }
    return {.text = "/ is a shared mount"};
}

Finding check_qemu(const Host& host) {
    if (host.emulator.empty()) {
        const std::string wanted = host.wanted.emulator.native();
        return {.verdict = Verdict::fail,
                .text = wanted.empty() ? "QEMU is not installed"
                                       : "the configured QEMU \"" + wanted + "\" does not exist",
                .remedy = install(host, Part::qemu)};
    }
    const std::string said =
        host.emulator_version.empty() ? host.libvirt.hypervisor : host.emulator_version;
    const Version version = version_in(said);
    Finding finding{.text = "QEMU " + text_of(version) + " (" + host.emulator.native() + ")"};
    judge_age(finding, version, kLeastQemu, kTestedQemu);
    if (finding.verdict != Verdict::pass) {
        finding.remedy = install(host, Part::qemu);
    }
    return finding;
}

Finding check_capability_cache(const Host& host) {
    // libvirt asks QEMU about each of its machines when it has no record: seconds, once.
    switch (host.capability_cache.state) {
        case CapabilityCache::State::valid:
            return {.text = "up to date"};
        case CapabilityCache::State::missing:
            return {.verdict = Verdict::warn,
                    .text =
                        "libvirt has not asked this QEMU yet; the first start takes some "
                        "seconds longer",
                    .remedy = {"virsh domcapabilities --virttype qemu >/dev/null", std::nullopt}};
        case CapabilityCache::State::stale:
            return {.verdict = Verdict::warn,
                    .text = "out of date: " + host.capability_cache.reason +
                            "; the next start takes some seconds longer",
                    .remedy = {"virsh domcapabilities --virttype qemu >/dev/null", std::nullopt}};
    }
    return {};
}

Finding check_virtiofsd(const Host& host) {
    if (host.virtiofsd.empty()) {
        return {.verdict = Verdict::fail,
                .text =
                    "libvirt finds no virtiofsd (a description of it below "
                    "/usr/share/qemu/vhost-user), which shares files with VMs",
                .remedy = install(host, Part::virtiofsd)};
    }
    return {.text = host.virtiofsd.native()};
}

Finding check_libraries(const Host& host) {
    if (host.libvirt.missing_library.empty()) {
        return {.text = "all that kata-runtime is linked to are there"};
    }
    return {.verdict = Verdict::fail,
            .text = host.libvirt.missing_library,
            .remedy = install(host, Part::libraries)};
}

}  // namespace kata::host
