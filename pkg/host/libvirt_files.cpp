#include "pkg/host/libvirt_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "pkg/base/mount_table.h"
#include "pkg/host/text.h"

namespace kata::host {
namespace {

constexpr std::array kDaemons = {"libvirtd", "virtqemud"};
constexpr std::array kEmulators = {
    "/usr/bin/qemu-system-x86_64", "/usr/libexec/qemu-kvm", "/usr/bin/qemu-kvm"};

/// The peer group that mounts below / of a process belong to, of the given kind ("shared:",
/// "master:"); empty: none.
std::string peer_group(const std::filesystem::path& process, const std::string& kind) {
    for (const auto& mount : base::parse_mount_table(text_of(process / "mountinfo"))) {
        if (mount.mount_point != "/") {
            continue;
        }
        for (const std::string& tag : mount.tags) {
            if (tag.starts_with(kind)) {
                return tag.substr(kind.size());
            }
        }
    }
    return {};
}

std::filesystem::path mount_namespace(const std::filesystem::path& process) {
    std::error_code ignored;
    return std::filesystem::read_symlink(process / "ns/mnt", ignored);
}

bool sees_mounts_of(const std::filesystem::path& ours, const std::filesystem::path& theirs) {
    if (mount_namespace(ours) == mount_namespace(theirs)) {
        return true;
    }
    const std::string group = peer_group(ours, "shared:");
    return !group.empty() &&
           (peer_group(theirs, "shared:") == group || peer_group(theirs, "master:") == group);
}

unsigned idle_timeout(const std::string& command_line) {
    const auto words = split(command_line, '\0');
    for (std::size_t at = 0; at < words.size(); ++at) {
        const std::string_view word = words[at];
        std::optional<std::uint64_t> seconds;
        if ((word == "--timeout" || word == "-t") && at + 1 < words.size()) {
            seconds = number_of(words[at + 1]);
        } else if (word.starts_with("--timeout=")) {
            seconds = number_of(word.substr(word.find('=') + 1));
        }
        if (seconds) {
            return static_cast<unsigned>(*seconds);
        }
    }
    return 0;
}

std::optional<pid_t> running(const Roots& roots, const std::string& name) {
    for (const std::string& entry : names_in(roots.proc)) {
        const auto pid = number_of(entry);
        // A zombie has no command line.
        if (pid && trimmed(text_of(roots.proc / entry / "comm")) == name &&
            !text_of(roots.proc / entry / "cmdline").empty()) {
            return static_cast<pid_t>(*pid);
        }
    }
    return std::nullopt;
}

Daemon describe(const Roots& roots, const std::string& name, pid_t pid) {
    const auto process = roots.proc / std::to_string(pid);
    return {.name = name,
            .pid = pid,
            .idle_timeout = idle_timeout(text_of(process / "cmdline")),
            .sees_our_mounts = sees_mounts_of(roots.proc / "self", process)};
}

/// The binary of a vhost-user description of a file system daemon; empty: it describes another.
std::filesystem::path described_virtiofsd(const std::filesystem::path& description) {
    const auto json = nlohmann::json::parse(text_of(description), nullptr, false);
    if (!json.is_object() || json.value("type", nlohmann::json()) != "fs") {
        return {};
    }
    const auto binary = json.find("binary");
    return binary != json.end() && binary->is_string() ? binary->get<std::string>() : "";
}

std::string element(const std::string& xml, const std::string& name) {
    const std::string open = "<" + name + ">";
    const auto begin = xml.find(open);
    const auto end = begin == std::string::npos ? begin : xml.find("</" + name + ">", begin);
    return end == std::string::npos ? std::string()
                                    : xml.substr(begin + open.size(), end - begin - open.size());
}

bool changed_at(const std::filesystem::path& file, const std::string& when) {
    struct stat facts {};
    return ::stat(file.c_str(), &facts) == 0 && std::to_string(facts.st_ctime) != when;
}

}  // namespace

bool probe_root_is_shared(const Roots& roots) {
    return !peer_group(roots.proc / "self", "shared:").empty();
}

Daemon probe_daemon(const Roots& roots) {
    Daemon daemon;
    for (const char* name : kDaemons) {
        if (const auto pid = running(roots, name)) {
            return describe(roots, name, *pid);
        }
        if (daemon.name.empty() && is_there(roots.usr / "sbin" / name)) {
            daemon.name = name;
        }
    }
    return daemon;
}

std::filesystem::path probe_emulator(const Roots& roots, const std::filesystem::path& wanted) {
    if (!wanted.empty()) {
        return is_there(roots.at(wanted)) ? wanted : std::filesystem::path();
    }
    const auto found = std::ranges::find_if(
        kEmulators, [&](const char* path) { return is_there(roots.at(path)); });
    return found == kEmulators.end() ? "" : *found;
}

std::filesystem::path probe_virtiofsd(const Roots& roots) {
    for (const auto& directory :
         {roots.etc / "qemu/vhost-user", roots.usr / "share/qemu/vhost-user"}) {
        for (const std::string& name : names_in(directory)) {
            const auto binary = described_virtiofsd(directory / name);
            if (!binary.empty() && is_there(roots.at(binary))) {
                return binary;
            }
        }
    }
    return {};
}

CapabilityCache probe_capability_cache(const Roots& roots, const std::filesystem::path& emulator) {
    const auto directory = roots.var / "cache/libvirt/qemu/capabilities";
    for (const std::string& name : names_in(directory)) {
        const std::string xml = text_of(directory / name);
        if (element(xml, "emulator") != emulator.native()) {
            continue;
        }
        if (changed_at(roots.at(emulator), element(xml, "qemuctime"))) {
            return {CapabilityCache::State::stale, emulator.native() + " has changed since"};
        }
        return {CapabilityCache::State::valid, ""};
    }
    return {};
}

}  // namespace kata::host
