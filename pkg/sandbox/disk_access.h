// DiskAccess: how QEMU, which is not root, comes to open a disk's source without anybody else's
// file or device changing hands.
//
//   block device   a node of our own with its numbers, /dev/kata-<uuid of the VM>/<serial>, which
//                  belongs to QEMU's user
//   file           bound to <assets>/sandbox-<id>/disk-<serial>, so that no directory above it
//                  matters, and an entry for QEMU's user in its access list, if that is needed
//   socket         where it is, with such an entry
//
// Either is made from what was looked at, not from what is at a path later. All of a disk is one
// effect of the journal; undoing it is here, too, and needs neither VM nor libvirt. (After a reboot
// without a `delete` nothing is left but the entry in a file's access list.)
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "pkg/sandbox/disk_plan.h"
#include "pkg/sandbox/hypervisor.h"

namespace kata::sandbox {

/// What the journal keeps of a disk: everything that undoing it needs.
struct DiskEffect {
    std::string vm_uuid;
    std::string serial;
    std::filesystem::path path;        // ours, that QEMU opens
    std::optional<uid_t> listed_user;  // has an entry in the access list of the file at `path`
    std::filesystem::path claim;       // of a direct volume; empty: none
    bool is_block_device = true;
    bool is_socket = false;  // `path` is not ours
    bool read_only = false;
    unsigned major = 0;  // as in DiskSource, of what is behind `path`; all 0 in a journal of before
    unsigned minor = 0;
    std::uint64_t inode = 0;
};

[[nodiscard]] std::string to_text(const DiskEffect& effect);
/// @throws base::Error internal.
[[nodiscard]] DiskEffect parse_disk_effect(const std::string& text);

/// Whether QEMU's user may read and write what stays at its path, by the file's mode or because
/// somebody has an entry for it in the file's access list.
[[nodiscard]] bool may_use(const VmUser& user, const std::filesystem::path& file);

/// What give_access() will do; nothing is done yet.
/// @param user QEMU's.
[[nodiscard]] DiskEffect plan_access(const PlannedDisk& disk,
                                     const std::string& vm_uuid,
                                     const std::filesystem::path& assets,
                                     const VmUser& user);

/// Makes what `effect` says. @param assets exists, and QEMU's user may search it.
/// @throws base::Error by errno; unsupported, with what to do, for a file that QEMU's user cannot
/// be let open.
void give_access(const DiskEffect& effect, const PlannedDisk& disk, const VmUser& user);

/// The sandbox has a direct volume no longer. @param claim as in PlannedDisk.
void release_claim(const std::filesystem::path& claim);

/// Takes it back. What does not exist is fine.
void take_access(const DiskEffect& effect);

}  // namespace kata::sandbox
