#include "pkg/host/remedy.h"

#include <algorithm>
#include <array>

#include "pkg/host/text.h"

namespace kata::host {
namespace {

/// A family of distributions: the word for installing, and what its packages are called.
struct Packages {
    const char* family;  // an id of os-release
    const char* install;
    const char* libvirt;
    const char* qemu;
    const char* virtiofsd;
    // What the programs are linked to, by the names of the one release they are built for.
    const char* libraries = "";
};

constexpr std::array kPackages = {
    Packages{"debian",
             "apt-get update && apt-get install -y ",
             "libvirt-daemon-system libvirt-clients",
             "qemu-system-x86 qemu-utils",
             "qemu-system-common",
             "libabsl20220623 libfmt9 libgrpc++1.51 libprotobuf32 libpugixml1v5 libssl3 "
             "libsystemd0 libvirt0"},
    Packages{"fedora", "dnf install -y ", "libvirt-daemon-kvm", "qemu-kvm", "virtiofsd"},
    Packages{"rhel", "dnf install -y ", "libvirt-daemon-kvm", "qemu-kvm", "virtiofsd"},
    Packages{"suse", "zypper install -y ", "libvirt-daemon-qemu", "qemu-x86", "virtiofsd"},
    Packages{"arch", "pacman -S --noconfirm ", "libvirt", "qemu-base", "virtiofsd"},
};

const Packages* packages_of(const Distribution& distribution) {
    std::vector<std::string> families = words_of(distribution.id_like);
    families.push_back(distribution.id);
    for (const Packages& packages : kPackages) {
        for (const std::string& family : families) {
            if (family == packages.family) {
                return &packages;
            }
        }
    }
    return nullptr;
}

/// Debian 12 is the last one whose QEMU brings a virtiofsd along.
bool has_virtiofsd_package(const Distribution& distribution) {
    return distribution.id == "debian" && number_of(distribution.version).value_or(0) > 12;
}

std::string names_of(Part part, const Packages& packages, const Distribution& distribution) {
    switch (part) {
        case Part::libvirt:
            return packages.libvirt;
        case Part::qemu:
            return packages.qemu;
        case Part::virtiofsd:
            return has_virtiofsd_package(distribution) ? "virtiofsd" : packages.virtiofsd;
        case Part::libraries:
            return packages.libraries;
    }
    return {};
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += " " + name;
    }
    return text;
}

}  // namespace

Remedy look(std::string command) {
    return {std::move(command), std::nullopt, true};
}

Remedy install(const Host& host, Part part) {
    const Packages* packages = packages_of(host.distribution);
    if (packages == nullptr) {
        return {};
    }
    const std::string names = names_of(part, *packages, host.distribution);
    return names.empty() ? Remedy() : Remedy{packages->install + names, std::nullopt};
}

Remedy load_modules(const Host& host, std::vector<std::string> names) {
    const auto absent = std::ranges::find_if(names, [&](const std::string& name) {
        return host.module(name).state == ModuleState::absent;
    });
    if (absent != names.end()) {
        return look("modinfo " + *absent + "  # or boot a kernel that has it");
    }
    std::string command = "modprobe --all" + joined(names);
    return {std::move(command), LoadModules{std::move(names)}};
}

Remedy give_kvm(const Host& host) {
    return {"chgrp " + host.qemu_user.kvm_group + " /dev/kvm && chmod 660 /dev/kvm",
            GiveDevice{"/dev/kvm", host.qemu_user.kvm_gid}};
}

Remedy share_mounts() {
    return {"mount --make-rshared /", ShareMounts{}};
}

Remedy start_daemon(const Host& host) {
    const std::string name = host.daemon.name.empty() ? "libvirtd" : host.daemon.name;
    if (host.has_systemd) {
        return {"systemctl enable --now " + name, std::nullopt};
    }
    // tini, where it is installed, reaps what they leave behind.
    return {"mount --make-rshared / && t=$(command -v tini || :); for d in virtlogd " + name +
                "; do setsid -f ${t:+$t -s --} /usr/sbin/$d </dev/null >/dev/null 2>&1; done; "
                "timeout 30 sh -c 'until virsh version; do sleep 1; done' >/dev/null 2>&1",
            std::nullopt};
}

Remedy restart_daemon(const Host& host) {
    if (host.has_systemd || !host.daemon.pid) {
        return {"systemctl restart " + host.daemon.name, std::nullopt};
    }
    return {"kill " + std::to_string(*host.daemon.pid) + "; " + start_daemon(host).command,
            std::nullopt};
}

}  // namespace kata::host
