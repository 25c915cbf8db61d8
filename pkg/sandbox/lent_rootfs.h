// LentRootfs: a container's root on a block device is taken off the host while the VM has it.
//
// The host has mounted it, and two kernels that have one file system mounted destroy it: each keeps
// in memory what the other has changed meanwhile. So the host unmounts it first, and asks its
// kernel whether anybody else, in whatever mount namespace, still has it; then it is mounted again
// and shared like any other root.
//
// Afterwards it is mounted again only if the guest cannot have written to it: what a guest may have
// made of a file system is nothing for the host's kernel to read unasked. Engines mount a root anew
// each time they use it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/base/log.h"
#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/root_disk.h"

namespace kata::sandbox {

/// What the journal keeps of it.
struct LentRootfs {
    std::filesystem::path device;
    unsigned major = 0;
    unsigned minor = 0;
    std::string serial;  // of the disk
    std::filesystem::path mount_point;
    std::string fs_type;
    unsigned long flags = 0;  // of mount(2)
    std::string options;      // of the file system
    bool read_only = false;   // the disk is
    bool autoclear = false;   // a loop device that was to go away with its mount
};

[[nodiscard]] std::string to_text(const LentRootfs& lent);
/// @throws base::Error internal.
[[nodiscard]] LentRootfs parse_lent_rootfs(const std::string& text);

/// Takes the root off the host, in the journal first.
/// @return false if somebody else uses it: then all is as it was, and the log has the reason.
/// @throws base::Error invalid_state if the device is a disk of a VM already.
[[nodiscard]] bool lend_rootfs(const RootDisk& root, Journal& journal, base::Log& log);

/// Gives it back. @param mount_again else it stays unmounted. A device or a mount point that is
/// gone is fine, and so is a root that is mounted.
void take_rootfs_back(const LentRootfs& lent, bool mount_again);

/// The options of a mount in the table as mount(2) takes them.
[[nodiscard]] unsigned long mount_flags_of(const base::MountEntry& mount);
[[nodiscard]] std::string mount_data_of(const base::MountEntry& mount);

}  // namespace kata::sandbox
