#include <algorithm>
#include <array>

#include "pkg/host/checks.h"

namespace kata::host {
namespace {

// What libvirt's virt-aa-helper gives no VM access to, whatever the file's mode says.
constexpr std::array kRefusedByAppArmor = {"/bin/",
                                           "/etc/",
                                           "/lib",
                                           "/lost+found/",
                                           "/proc/",
                                           "/sbin/",
                                           "/selinux/",
                                           "/sys/",
                                           "/usr/bin/",
                                           "/usr/lib",
                                           "/usr/sbin/",
                                           "/usr/share/",
                                           "/usr/local/bin/",
                                           "/usr/local/etc/",
                                           "/usr/local/lib",
                                           "/usr/local/sbin/"};

std::string quoted(const std::filesystem::path& path) {
    return "\"" + path.native() + "\"";
}

Finding missing(const Host& host, const GuestFile& file, const std::string& what) {
    Finding finding{.verdict = Verdict::fail};
    finding.text = "the guest's " + what + " " + quoted(file.path) + " does not exist";
    const auto& assets = host.wanted.assets_dir;
    finding.remedy =
        file.path.parent_path() == assets
            ? Remedy{"make guest install  # in kata-runtime's source tree"}
            : look("ls " + assets.native() + "  # and name one of them in configuration.toml");
    return finding;
}

std::string sized(const GuestFile& file) {
    return file.path.native() + ", " + std::to_string(file.bytes >> 20) + " MiB";
}

bool refused_by_apparmor(const std::filesystem::path& path) {
    return std::ranges::any_of(
        kRefusedByAppArmor, [&](const char* prefix) { return path.native().starts_with(prefix); });
}

std::string file_system_name(GuestFormat format) {
    switch (format) {
        case GuestFormat::ext4:
            return "ext4";
        case GuestFormat::xfs:
            return "xfs";
        case GuestFormat::erofs:
            return "erofs";
        default:
            return "";
    }
}

Finding unreadable(const Host& host, const GuestFile& file) {
    Finding finding{.verdict = Verdict::fail};
    finding.text = "QEMU's user " + host.qemu_user.name + " may not read " + quoted(file.path);
    finding.remedy.command =
        "chmod a+x " + file.path.parent_path().native() + " && chmod a+r " + file.path.native();
    return finding;
}

}  // namespace

Finding check_guest_kernel(const Host& host) {
    const GuestFile& file = host.guest_kernel;
    switch (file.format) {
        case GuestFormat::missing:
            return missing(host, file, "kernel");
        case GuestFormat::elf_kernel:
        case GuestFormat::bzimage_kernel: {
            const std::string release = file.releases.empty() ? "" : ", Linux " + file.releases[0];
            return {.text = sized(file) + release};
        }
        default:
            return {.verdict = Verdict::fail,
                    .text = quoted(file.path) + " is no kernel (neither ELF nor bzImage)",
                    .remedy = look("file " + file.path.native())};
    }
}

Finding check_guest_initrd(const Host& host) {
    const GuestFile& file = host.guest_initrd;
    switch (file.format) {
        case GuestFormat::missing:
            return missing(host, file, "initrd");
        case GuestFormat::cpio_archive:
        case GuestFormat::packed_archive:
            break;
        default:
            return {.verdict = Verdict::fail,
                    .text = quoted(file.path) + " is no initrd (no cpio archive)",
                    .remedy = look("file " + file.path.native())};
    }
    if (file.bytes >> 20 >= host.wanted.memory_mib) {
        return {.verdict = Verdict::fail,
                .text = quoted(file.path) + " is larger than the VM's memory of " +
                        std::to_string(host.wanted.memory_mib) +
                        " MiB; raise default_memory in configuration.toml"};
    }
    return {.text = sized(file)};
}

Finding check_guest_image(const Host& host) {
    const GuestFile& file = host.guest_image;
    if (host.wanted.image.empty()) {
        return {.text = "not used: the guest's root is in its initrd"};
    }
    if (file.format == GuestFormat::missing) {
        return missing(host, file, "image");
    }
    const std::string type = file_system_name(file.format);
    if (type.empty()) {
        return {.verdict = Verdict::fail,
                .text = quoted(file.path) +
                        " is no image (no ext4, xfs or erofs, nor is its first partition)",
                .remedy = look("file " + file.path.native())};
    }
    if (type != host.wanted.rootfs_type) {
        return {.verdict = Verdict::fail,
                .text = quoted(file.path) + " is " + type + "; set rootfs_type = \"" + type +
                        "\" in configuration.toml"};
    }
    return {.text = sized(file) + ", " + type};
}

Finding check_guest_fit(const Host& host) {
    const auto& kernels = host.guest_kernel.releases;
    const std::string root = host.wanted.image.empty() ? "initrd" : "image";
    for (const auto& [name, file] :
         {std::pair{std::string("initrd"), &host.guest_initrd}, {root, &host.guest_root()}}) {
        const auto& modules = file->releases;
        if (kernels.empty() || modules.empty()) {
            return {.text = "not known: the kernel's release or the " + name +
                            "'s modules cannot be read"};
        }
        if (std::ranges::find(modules, kernels.front()) == modules.end()) {
            return {
                .verdict = Verdict::fail,
                .text = "the kernel is Linux " + kernels.front() + " and the " + name +
                        " has modules for " + modules.front(),
                .remedy = {"make guest install  # in kata-runtime's source tree", std::nullopt}};
        }
    }
    return {.text = "all are of Linux " + kernels.front()};
}

Finding check_guest_access(const Host& host) {
    for (const GuestFile* file : {&host.guest_kernel, &host.guest_initrd, &host.guest_image}) {
        if (file->format == GuestFormat::missing) {
            continue;
        }
        if (!file->readable_by_qemu) {
            return unreadable(host, *file);
        }
        if (host.security.apparmor && refused_by_apparmor(file->path)) {
            const std::string assets = host.wanted.assets_dir.native();
            return {.verdict = Verdict::fail,
                    .text = "libvirt's AppArmor helper refuses " + quoted(file->path) +
                            " because of the directory it is in",
                    .remedy = {"cp " + file->path.native() + " " + assets +
                                   "/  # and name the copy in configuration.toml",
                               std::nullopt}};
        }
    }
    return {.text = host.qemu_user.name + " may read them"};
}

}  // namespace kata::host
