#include "pkg/agent/shim/container_root.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "pkg/base/error.h"
#include "pkg/base/safe_path.h"

namespace kata::agent {
namespace {

using base::Error;
using base::ErrorCode;
using base::UniqueFd;

// Destinations and sources come from a bundle.
std::string shown(const std::string& path) {
    return base::printable(path, 256);
}

void check(int result, const std::string& operation, const std::string& object) {
    if (result != 0) {
        throw base::errno_error(operation, shown(object), errno);
    }
}

UniqueFd open_directory(const std::string& path) {
    return base::open_without_links(path, O_PATH | O_DIRECTORY);
}

bool is_directory(base::FdRef object, const std::string& path) {
    struct stat status {};
    check(::fstat(object.get(), &status), "look at the mount source", path);
    return S_ISDIR(status.st_mode);
}

// Nothing is looked up by name twice, so whoever changes the trees meanwhile changes nothing.
void bind(base::FdRef root, const sandbox::ShimMount& mount) {
    const UniqueFd source = base::open_without_links(mount.source, O_PATH);
    // Made if it is missing: a file for anything but a directory.
    const UniqueFd place = is_directory(source.ref(), mount.source)
                               ? base::make_directories_in_root(root, mount.destination)
                               : base::make_file_in_root(root, mount.destination);
    const UniqueFd tree(::open_tree(
        source.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH));
    check(tree.valid() ? 0 : -1, "take the mount tree of", mount.source);
    if (mount.read_only) {
        mount_attr attributes{};
        attributes.attr_set = MOUNT_ATTR_RDONLY;
        check(::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes),
              "make read-only",
              mount.source);
    }
    check(::move_mount(
              tree.get(), "", place.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
          "mount bind on",
          mount.destination);
}

// Mounted here and not bound: proc shows the pid namespace of this process.
void mount_new(base::FdRef root, const sandbox::ShimMount& mount) {
    const UniqueFd place = base::make_directories_in_root(root, mount.destination);
    const std::string target = base::path_of(place.ref());
    const std::string operation = "mount " + mount.type + " on";
    const unsigned long flags = MS_NOSUID | MS_NODEV | (mount.read_only ? MS_RDONLY : 0);
    if (mount.type == "proc") {
        check(::mount("proc", target.c_str(), "proc", flags | MS_NOEXEC, nullptr),
              operation,
              mount.destination);
    } else if (mount.type == "tmpfs") {
        check(::mount("tmpfs", target.c_str(), "tmpfs", flags, "mode=1777"),
              operation,
              mount.destination);
    } else {
        throw Error(ErrorCode::invalid_argument,
                    "cannot mount on \"" + shown(mount.destination) + "\": unknown type \"" +
                        shown(mount.type) + "\"");
    }
}

void make_root_read_only() {
    struct statvfs status {};
    check(::statvfs("/", &status), "look at the mount on", "/");
    const unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | kept_mount_flags(status.f_flag);
    check(::mount(nullptr, "/", nullptr, flags, nullptr), "make read-only", "/");
}

}  // namespace

unsigned long kept_mount_flags(unsigned long statvfs_flags) {
    constexpr struct {
        unsigned long status;
        unsigned long mount;
    } kFlags[] = {{ST_RDONLY, MS_RDONLY},
                  {ST_NOSUID, MS_NOSUID},
                  {ST_NODEV, MS_NODEV},
                  {ST_NOEXEC, MS_NOEXEC},
                  {ST_NOATIME, MS_NOATIME},
                  {ST_NODIRATIME, MS_NODIRATIME},
                  {ST_RELATIME, MS_RELATIME}};
    unsigned long kept = 0;
    for (const auto& flag : kFlags) {
        kept |= (statvfs_flags & flag.status) != 0 ? flag.mount : 0;
    }
    return kept;
}

ContainerRoot::ContainerRoot(const sandbox::ShimMountRequest& request)
    : rootfs_(request.rootfs), read_only_(request.read_only_root) {
    check(::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr), "detach the mounts of", "/");
    const UniqueFd rootfs = open_directory(rootfs_);
    const std::string place = base::path_of(rootfs.ref());
    check(request.empty_root
              ? ::mount("tmpfs", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
              : ::mount(place.c_str(), place.c_str(), nullptr, MS_BIND | MS_REC, nullptr),
          "mount root file system",
          rootfs_);
    // Only an open after the bind sees it.
    root_ = open_directory(rootfs_);
    for (const sandbox::ShimMount& mount : request.mounts) {
        mount_one(mount);
    }
}

void ContainerRoot::mount_one(const sandbox::ShimMount& mount) const {
    try {
        if (mount.type == "bind") {
            bind(root_.ref(), mount);
        } else {
            mount_new(root_.ref(), mount);
        }
    } catch (const Error& error) {
        throw error.with_context("cannot set up the mount on \"" + shown(mount.destination) + "\"");
    }
}

void ContainerRoot::enter() {
    check(::fchdir(root_.get()), "enter root file system", rootfs_);
    root_.reset();
    // The old root ends up stacked on the new one, so no directory for it is needed in the image.
    check(static_cast<int>(::syscall(SYS_pivot_root, ".", ".")), "pivot into", rootfs_);
    // Slave again, or the unmount would travel to the host where its root is shared.
    check(::mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr), "detach the mounts of", "/");
    check(::umount2(".", MNT_DETACH), "let go of the old root of", rootfs_);
    check(::chdir("/"), "enter root file system", rootfs_);
    if (read_only_) {
        make_root_read_only();
    }
}

}  // namespace kata::agent
