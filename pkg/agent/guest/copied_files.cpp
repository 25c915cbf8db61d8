#include "pkg/agent/guest/copied_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/safe_path.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;
using base::FdRef;
using base::UniqueFd;

constexpr mode_t kPermissions = 07777;

std::string shown(const std::string& path) {
    return base::printable(path, 256);
}

// "<container>/..." without a component that leads elsewhere.
bool is_below_a_container(const std::filesystem::path& path) {
    if (path.empty() || path.is_absolute() || ++path.begin() == path.end()) {
        return false;
    }
    for (const auto& component : path) {
        if (component.empty() || component == "." || component == "..") {
            return false;
        }
    }
    return true;
}

void require_path(const std::string& path) {
    if (path.find('\0') != std::string::npos || !is_below_a_container(path)) {
        throw Error(ErrorCode::invalid_argument,
                    "\"" + shown(path) + "\" is not the path of a copied file");
    }
}

void set_owner_and_mode(FdRef object, const FilePiece& piece) {
    // Owner first: a change of it takes the setuid bit away.
    if (::fchown(object.get(), piece.uid, piece.gid) != 0 ||
        ::fchmod(object.get(), piece.mode & kPermissions) != 0) {
        throw base::errno_error("set owner and mode of", shown(piece.path), errno);
    }
}

// What this file system cannot hold is not worth a container.
void set_attributes(FdRef object, const FilePiece& piece) {
    for (const auto& [name, value] : piece.attributes) {
        if (::fsetxattr(object.get(), name.c_str(), value.data(), value.size(), 0) != 0) {
            log_error("cannot set attribute " + shown(name) + " of " + shown(piece.path) + ": " +
                      base::errno_text(errno));
        }
    }
}

void set_times(FdRef object, const FilePiece& piece) {
    const timespec modified{static_cast<time_t>(piece.modified_seconds),
                            static_cast<long>(piece.modified_nanoseconds)};
    const timespec times[] = {modified, modified};
    if (::futimens(object.get(), times) != 0) {
        throw base::errno_error("set the time of", shown(piece.path), errno);
    }
}

void put_directory(FdRef parent, const std::string& name, const FilePiece& piece) {
    if (::mkdirat(parent.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
        throw base::errno_error("create directory", shown(piece.path), errno);
    }
    const UniqueFd directory(
        ::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory.valid()) {
        throw base::errno_error("open directory", shown(piece.path), errno);
    }
    set_owner_and_mode(directory.ref(), piece);
    set_attributes(directory.ref(), piece);
}

void write_piece(FdRef file, const FilePiece& piece) {
    if (::lseek(file.get(), static_cast<off_t>(piece.offset), SEEK_SET) < 0) {
        throw base::errno_error("write", shown(piece.path), errno);
    }
    base::write_all(file, piece.data, shown(piece.path));
}

void put_file(FdRef parent, const std::string& name, const FilePiece& piece) {
    const int fresh = piece.offset == 0 ? O_CREAT | O_TRUNC : 0;
    const UniqueFd file(::openat(
        parent.get(), name.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | fresh, 0600));
    if (!file.valid()) {
        throw base::errno_error("create", shown(piece.path), errno);
    }
    write_piece(file.ref(), piece);
    set_owner_and_mode(file.ref(), piece);
    set_attributes(file.ref(), piece);
    set_times(file.ref(), piece);
}

void put_symlink(FdRef parent, const std::string& name, const FilePiece& piece) {
    if (::symlinkat(piece.data.c_str(), parent.get(), name.c_str()) != 0 ||
        ::fchownat(parent.get(), name.c_str(), piece.uid, piece.gid, AT_SYMLINK_NOFOLLOW) != 0) {
        throw base::errno_error("create symbolic link", shown(piece.path), errno);
    }
}

void put_link(FdRef root, FdRef parent, const std::string& name, const FilePiece& piece) {
    require_path(piece.link_of);
    const UniqueFd file = base::open_in_root(root, piece.link_of, O_PATH | O_NOFOLLOW);
    if (::linkat(AT_FDCWD,
                 base::path_of(file.ref()).c_str(),
                 parent.get(),
                 name.c_str(),
                 AT_SYMLINK_FOLLOW) != 0) {
        throw base::errno_error("create link", shown(piece.path), errno);
    }
}

void put_object(FdRef root, FdRef parent, const std::string& name, const FilePiece& piece) {
    if (!piece.link_of.empty()) {
        return put_link(root, parent, name, piece);
    }
    switch (piece.mode & S_IFMT) {
        case S_IFDIR:
            return put_directory(parent, name, piece);
        case S_IFREG:
            return put_file(parent, name, piece);
        case S_IFLNK:
            return put_symlink(parent, name, piece);
        default:
            throw Error(ErrorCode::invalid_argument,
                        "\"" + shown(piece.path) +
                            "\" is neither a directory nor a regular file nor a symbolic link");
    }
}

}  // namespace

void CopiedFiles::put(const FilePiece& piece) {
    require_path(piece.path);
    const std::filesystem::path path = piece.path;
    {
        const std::lock_guard lock(mutex_);
        containers_.insert(path.begin()->native());
    }
    const UniqueFd root = base::open_file(root_, O_PATH | O_DIRECTORY);
    const UniqueFd parent = base::make_directories_in_root(root.ref(), path.parent_path());
    put_object(root.ref(), parent.ref(), path.filename(), piece);
}

void CopiedFiles::remove(const std::string& container_id) {
    {
        const std::lock_guard lock(mutex_);
        if (containers_.erase(container_id) == 0) {
            return;
        }
    }
    base::remove_tree(std::filesystem::path(root_) / container_id);
}

}  // namespace kata::agent::guest
