#include "pkg/sandbox/disk_use.h"

#include <sys/sysmacros.h>

#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/quoted.h"
#include "pkg/sandbox/journal.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;
using base::quoted;

VolumeDevice device_of(const DiskEffect& disk, const HostView& host) {
    const dev_t number = makedev(disk.major, disk.minor);
    if (disk.is_block_device) {
        return examine_number(disk.path, number, host);
    }
    VolumeDevice file;
    file.path = disk.path;
    file.filesystem = number;
    file.inode = disk.inode;
    return file;
}

bool contends(const DiskEffect& wanted, const DiskEffect& other, const HostView& host) {
    if (wanted.read_only && other.read_only) {
        return false;
    }
    return wanted.serial == other.serial ||
           overlap(device_of(wanted, host), device_of(other, host), host);
}

// A line that cannot be read says nothing of a disk; whose journal it is, is told at its deletion.
std::vector<DiskEffect> disks_of(const fs::path& sandbox, base::Log& log) {
    std::vector<DiskEffect> disks;
    for (const Effect& effect : Journal::load(sandbox / "journal", log)) {
        if (effect.kind != Effect::Kind::disk) {
            continue;
        }
        try {
            disks.push_back(parse_disk_effect(effect.object));
        } catch (const base::Error& error) {
            log.debug(error.what());
        }
    }
    return disks;
}

base::Error in_use(const fs::path& source, const fs::path& sandbox) {
    return {base::ErrorCode::invalid_state,
            "cannot give " + quoted(source.native()) + " to a virtual machine: sandbox " +
                quoted(sandbox.filename().native()) +
                " has it, and two systems writing to one disk destroy it; delete its containers "
                "first, or give the disk to both with the access \"r\""};
}

}  // namespace

void require_unused_by_sandboxes(const DiskEffect& wanted,
                                 const fs::path& source,
                                 const fs::path& sandbox_dir,
                                 base::Log& log,
                                 const HostView& host) {
    std::error_code none;
    for (const fs::directory_entry& other :
         fs::directory_iterator(sandbox_dir.parent_path(), none)) {
        if (other.path().filename() == sandbox_dir.filename() || !other.is_directory(none)) {
            continue;
        }
        for (const DiskEffect& disk : disks_of(other.path(), log)) {
            if (contends(wanted, disk, host)) {
                throw in_use(source, other.path());
            }
        }
    }
}

}  // namespace kata::sandbox
