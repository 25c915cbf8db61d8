// Who may do what with a file, computed from owner, mode and access control list as the kernel
// does, for a user that this process is not. Device cgroups and security modules have no part in
// it.
#pragma once

#include <filesystem>

#include "pkg/host/facts.h"
#include "pkg/host/roots.h"

namespace kata::host {

/// The user libvirt runs QEMU as: `user` and `group` of /etc/libvirt/qemu.conf, else the
/// distribution's (libvirt-qemu or qemu), with its groups from /etc/passwd and /etc/group. Root if
/// there is none of them.
[[nodiscard]] User probe_qemu_user(const Roots& roots);

enum class Access : unsigned { read = 4, read_write = 6 };

/// Whether `user` may open the host's file `path`, every directory on the way included.
[[nodiscard]] bool may_open(const Roots& roots,
                            const std::filesystem::path& path,
                            const User& user,
                            Access access);

/// What is known of the device `name` below /dev. It is not opened: for some devices that loads
/// their module.
[[nodiscard]] Device probe_device(const Roots& roots, const std::string& name, const User& user);

/// Opens for reading and writing, and closes. @return 0 or errno
[[nodiscard]] int try_to_open(const std::filesystem::path& file);

}  // namespace kata::host
