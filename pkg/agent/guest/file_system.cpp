#include "pkg/agent/guest/file_system.h"

#include <fcntl.h>
#include <fts.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;

constexpr long kXfsMagic = 0x58465342;
constexpr mode_t kAllBits = 07777;

// Interfaces of the kernel that its exported headers do not have (fs/ext4/ext4.h, fs/xfs/libxfs/
// xfs_fs.h); they are stable, because tools are built on them.
constexpr unsigned long kExt4Resize = _IOW('f', 16, std::uint64_t);
struct XfsGeometry {
    std::uint32_t block_bytes;
    std::array<std::uint32_t, 6> sizes;
    std::uint32_t inode_percent;
    std::uint64_t data_blocks;
    std::array<std::uint64_t, 3> other_blocks;
    std::array<std::uint8_t, 16> uuid;
    std::array<std::uint32_t, 7> more;
};
struct XfsGrowth {
    std::uint64_t blocks;
    std::uint32_t inode_percent;
};
constexpr unsigned long kXfsGeometry = _IOR('X', 100, XfsGeometry);
constexpr unsigned long kXfsGrow = _IOW('X', 110, XfsGrowth);
static_assert(sizeof(XfsGeometry) == 112 && sizeof(XfsGrowth) == 16);

void require(int result, const std::filesystem::path& mount_point) {
    if (result != 0) {
        throw base::errno_error("grow the file system at", mount_point.native(), errno);
    }
}

void grow_ext4(int fd, const std::filesystem::path& mount_point, std::uint64_t bytes, long block) {
    std::uint64_t blocks = bytes / static_cast<std::uint64_t>(block);
    require(::ioctl(fd, kExt4Resize, &blocks), mount_point);
}

void grow_xfs(int fd, const std::filesystem::path& mount_point, std::uint64_t bytes) {
    XfsGeometry geometry{};
    require(::ioctl(fd, kXfsGeometry, &geometry), mount_point);
    XfsGrowth growth{bytes / geometry.block_bytes, geometry.inode_percent};
    if (growth.blocks > geometry.data_blocks) {
        require(::ioctl(fd, kXfsGrow, &growth), mount_point);
    }
}

void grow_btrfs(int fd, const std::filesystem::path& mount_point) {
    btrfs_ioctl_vol_args arguments{};
    std::strcpy(arguments.name, "max");
    require(::ioctl(fd, BTRFS_IOC_RESIZE, &arguments), mount_point);
}

// What a member of the group may do that the owner may, and that directories hand the group on.
mode_t mode_for_group(mode_t mode) {
    mode_t wanted = mode | ((mode & S_IRWXU) >> 3);
    if (S_ISDIR(mode)) {
        wanted |= S_ISGID | S_IXGRP;
    }
    return wanted & kAllBits;
}

bool belongs_to(const struct stat& status, gid_t group) {
    return status.st_gid == group && (status.st_mode & S_ISGID) != 0 &&
           (status.st_mode & kAllBits) == mode_for_group(status.st_mode);
}

void give_entry(const FTSENT& entry, gid_t group) {
    const struct stat& status = *entry.fts_statp;
    if (::fchownat(
            AT_FDCWD, entry.fts_accpath, static_cast<uid_t>(-1), group, AT_SYMLINK_NOFOLLOW) != 0) {
        throw base::errno_error("change the group of", base::printable(entry.fts_path, 256), errno);
    }
    if (S_ISLNK(status.st_mode)) {
        return;
    }
    if (::chmod(entry.fts_accpath, mode_for_group(status.st_mode)) != 0) {
        throw base::errno_error("change the mode of", base::printable(entry.fts_path, 256), errno);
    }
}

struct CloseTree {
    void operator()(FTS* tree) const noexcept { ::fts_close(tree); }
};

}  // namespace

FileSystemUsage usage_of(const std::filesystem::path& mount_point) {
    struct statvfs status {};
    if (::statvfs(mount_point.c_str(), &status) != 0) {
        throw base::errno_error("ask how full", mount_point.native(), errno);
    }
    const std::uint64_t block = status.f_frsize;
    return {status.f_blocks * block, status.f_bfree * block, status.f_files, status.f_ffree};
}

void grow_file_system(const std::filesystem::path& mount_point, const BlockDevice& device) {
    const base::UniqueFd root = base::open_file(mount_point, O_RDONLY | O_DIRECTORY);
    struct statfs status {};
    require(::fstatfs(root.get(), &status), mount_point);
    switch (status.f_type) {
        case EXT4_SUPER_MAGIC:
            return grow_ext4(root.get(), mount_point, size_of(device), status.f_bsize);
        case kXfsMagic:
            return grow_xfs(root.get(), mount_point, size_of(device));
        case BTRFS_SUPER_MAGIC:
            return grow_btrfs(root.get(), mount_point);
        default:
            throw Error(ErrorCode::unsupported,
                        "cannot grow the file system at \"" + mount_point.native() +
                            "\" while it is mounted; ext4, xfs and btrfs can be grown");
    }
}

void give_to_group(const std::filesystem::path& mount_point, gid_t group, GroupChange policy) {
    struct stat root {};
    if (::stat(mount_point.c_str(), &root) != 0) {
        throw base::errno_error("stat", mount_point.native(), errno);
    }
    if (policy == GroupChange::on_root_mismatch && belongs_to(root, group)) {
        return;
    }
    std::string path = mount_point.native();
    std::array<char*, 2> paths{path.data(), nullptr};
    const std::unique_ptr<FTS, CloseTree> tree(
        ::fts_open(paths.data(), FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, nullptr));
    if (tree == nullptr) {
        throw base::errno_error("walk", path, errno);
    }
    while (const FTSENT* entry = ::fts_read(tree.get())) {
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS) {
            throw base::errno_error(
                "walk", base::printable(entry->fts_path, 256), entry->fts_errno);
        }
        // A directory after its content: one that is cut short is done again, as its root says.
        if (entry->fts_info != FTS_D) {
            give_entry(*entry, group);
        }
    }
}

}  // namespace kata::agent::guest
