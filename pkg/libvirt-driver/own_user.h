// A user of its own for each VM (rootless): a number that is nobody else's, so that QEMU can touch
// no file and no process of another VM, and none of libvirt's QEMU user.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "pkg/libvirt-driver/qemu_process.h"
#include "pkg/libvirt-driver/qemu_user.h"

namespace kata::libvirt_driver {

/// Users from here on, as many as kOwnUsers, are in no range that systemd, adduser or newuidmap
/// hand out.
inline constexpr uid_t kFirstOwnUser = 0x70000000;
inline constexpr uid_t kOwnUsers = 0x08000000;

/// The user for the VM with this UUID: one that no process has, in the one group that QEMU needs:
/// that of libvirt's directory for VMs, or with KVM that of /dev/kvm. Of what everybody may use it
/// needs no group, and has that of `qemu`.
/// @param root "/" or, in tests, a directory that holds proc, dev/kvm and var/lib/libvirt/qemu.
/// @throws Error unsupported with the remedy if QEMU would need both groups.
[[nodiscard]] UserIds own_user(const std::string& uuid,
                               UserIds qemu,
                               bool kvm,
                               const std::filesystem::path& root);

/// The user of that kind that the QEMU with this UUID runs as; nullopt: there is no such QEMU.
[[nodiscard]] std::optional<UserIds> own_user_of_running(const ProcessPaths& paths,
                                                         const std::string& uuid);

/// Gives a file to `owner`; an empty path is nothing. @throws base::Error by errno
void give_file(const std::filesystem::path& file, UserIds owner);

}  // namespace kata::libvirt_driver
