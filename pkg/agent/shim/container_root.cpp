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
    UniqueFd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid()) {
        throw base::errno_error("open root file system", shown(path), errno);
    }
    return directory;
}

bool is_directory(const std::string& path) {
    struct stat status {};
    check(::stat(path.c_str(), &status), "find mount source", path);
    return S_ISDIR(status.st_mode);
}

// The place to mount on, made if it is missing: a file for anything but a directory.
UniqueFd mount_point(base::FdRef root, const sandbox::ShimMount& mount) {
    if (mount.type == "bind" && !is_directory(mount.source)) {
        return base::make_file_in_root(root, mount.destination);
    }
    return base::make_directories_in_root(root, mount.destination);
}

void mount_on(const sandbox::ShimMount& mount, const std::string& target) {
    const std::string operation = "mount " + mount.type + " on";
    if (mount.type == "bind") {
        check(::mount(mount.source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr),
              operation,
              mount.destination);
    } else if (mount.type == "proc") {
        // Mounted here and not bound, so that it shows the pid namespace of this process.
        check(::mount("proc", target.c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr),
              operation,
              mount.destination);
    } else if (mount.type == "tmpfs") {
        check(::mount("tmpfs", target.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"),
              operation,
              mount.destination);
    } else {
        throw Error(ErrorCode::invalid_argument,
                    "cannot mount on \"" + shown(mount.destination) + "\": unknown type \"" +
                        shown(mount.type) + "\"");
    }
}

void make_read_only(base::FdRef mounted, const std::string& path, const std::string& shown_as) {
    struct statvfs status {};
    check(::fstatvfs(mounted.get(), &status), "look at the mount on", shown_as);
    const unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | kept_mount_flags(status.f_flag);
    check(::mount(nullptr, path.c_str(), nullptr, flags, nullptr), "make read-only", shown_as);
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
    check(request.empty_root
              ? ::mount("tmpfs", rootfs_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
              : ::mount(rootfs_.c_str(), rootfs_.c_str(), nullptr, MS_BIND | MS_REC, nullptr),
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
        {
            const UniqueFd place = mount_point(root_.ref(), mount);
            mount_on(mount, base::path_of(place.ref()));
        }
        if (mount.read_only) {
            // `place` is what the mount covers; the mount itself has to be opened anew.
            const UniqueFd mounted = base::open_in_root(root_.ref(), mount.destination, O_PATH);
            make_read_only(mounted.ref(), base::path_of(mounted.ref()), mount.destination);
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
        const UniqueFd root = open_directory("/");
        make_read_only(root.ref(), "/", "/");
    }
}

}  // namespace kata::agent
