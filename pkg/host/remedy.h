// What a person types to repair a finding, for the host at hand. Pure texts; the few repairs that
// are safe to make without thinking twice are also values (SafeFix), which fix.h carries out.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pkg/host/facts.h"

namespace kata::host {

/// Lost at the next start of the machine; nothing that runs is disturbed.
struct LoadModules {
    std::vector<std::string> names;
    bool operator==(const LoadModules&) const = default;
};
/// Gives a device to a group, for reading and writing.
struct GiveDevice {
    std::string path;
    gid_t gid = 0;
    bool operator==(const GiveDevice&) const = default;
};
/// mount --make-rshared /
struct ShareMounts {
    bool operator==(const ShareMounts&) const = default;
};
using SafeFix = std::variant<LoadModules, GiveDevice, ShareMounts>;

struct Remedy {
    std::string command{};          // for a root shell; empty: none helps
    std::optional<SafeFix> safe{};  // does the same as `command`
    bool only_looks = false;  // the command repairs nothing: it shows what a person decides by
};

/// A command that shows more of what is wrong.
[[nodiscard]] Remedy look(std::string command);

enum class Part { libvirt, qemu, virtiofsd, libraries };

/// Installing the distribution's package; without a command on a distribution we do not know.
[[nodiscard]] Remedy install(const Host& host, Part part);

/// Only looking for them, if this kernel has one of them not.
[[nodiscard]] Remedy load_modules(const Host& host, std::vector<std::string> names);
[[nodiscard]] Remedy give_kvm(const Host& host);
[[nodiscard]] Remedy share_mounts();

/// Makes libvirt's daemon run, with systemd or without.
[[nodiscard]] Remedy start_daemon(const Host& host);
[[nodiscard]] Remedy restart_daemon(const Host& host);

}  // namespace kata::host
