// The user libvirt runs QEMU as: asked of the daemon, so that it is right for every distribution
// and for what /etc/libvirt/qemu.conf says.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace kata::libvirt_driver {

struct QemuUser {
    uid_t uid = 0;
    gid_t gid = 0;
    std::string name;           // "libvirt-qemu", or the number if it has no name
    std::string device_group;   // the one of its groups that /dev/kvm should belong to
    std::vector<gid_t> groups;  // all its groups, as libvirt sets them: gid, the user database's
};

/// "+UID:+GID" as libvirt writes and reads it. nullopt for any other text.
struct UserIds {
    uid_t uid = 0;
    gid_t gid = 0;
    bool operator==(const UserIds&) const = default;
};
[[nodiscard]] std::optional<UserIds> parse_dac_label(const std::string& label);

/// The user named by the "dac" security model of a daemon's capabilities XML.
/// nullopt if the daemon has no such model (it does not change users then: qemu:///session).
[[nodiscard]] std::optional<UserIds> qemu_user_ids(const std::string& capabilities_xml);

/// Names and groups from the user database; an id without a name stays a number.
[[nodiscard]] QemuUser describe_user(UserIds ids);

/// The user this process runs as: QEMU's user where the daemon does not change users.
[[nodiscard]] UserIds current_user_ids();

}  // namespace kata::libvirt_driver
