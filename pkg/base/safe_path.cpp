#include "pkg/base/safe_path.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>

#include <climits>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::base {
namespace {

// EAGAIN means that a rename raced with the walk; the kernel asks the caller to try again.
constexpr int kMaxRaces = 128;

// As many as the kernel follows in one path.
constexpr int kMaxLinks = 40;

int open_patiently(int directory, const char* path, open_how& how) {
    int fd = -1;
    for (int race = 0; race < kMaxRaces; ++race) {
        fd = static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) {
            break;
        }
    }
    return fd;
}

int open_resolved(FdRef root, const std::string& path, int flags, mode_t mode) {
    open_how how{};
    how.flags = static_cast<__u64>(flags | O_CLOEXEC);
    how.mode = mode;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    return open_patiently(root.get(), path.c_str(), how);
}

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

// Without asking a file server, which may be dead: AT_STATX_DONT_SYNC.
__u64 mount_id_of(int fd, const char* name, const std::string& path) {
    struct statx status {};
    constexpr int kFlags =
        AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
    if (::statx(fd, name, kFlags, STATX_MNT_ID, &status) != 0) {
        throw errno_error("stat", path, errno);
    }
    return status.stx_mnt_id;
}

void require_same_mount(__u64 found, __u64 wanted, const std::string& path) {
    if (found != wanted) {
        throw Error(ErrorCode::invalid_state,
                    "cannot remove \"" + path + "\": something is still mounted on it");
    }
}

void remove_entries(UniqueFd directory, const std::string& path, __u64 mount);

void remove_entry(int parent, const char* name, const std::string& path, __u64 mount) {
    if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) {
        return;
    }
    if (errno != EISDIR && errno != EPERM) {
        throw errno_error("remove", path, errno);
    }
    // By name first, so that a dead mount is not opened; then what was opened, which cannot change.
    require_same_mount(mount_id_of(parent, name, path), mount, path);
    UniqueFd child(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!child.valid()) {
        throw errno_error("open", path, errno);
    }
    require_same_mount(mount_id_of(child.get(), "", path), mount, path);
    remove_entries(std::move(child), path, mount);
    if (::unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        throw errno_error("remove", path, errno);
    }
}

void remove_entries(UniqueFd directory, const std::string& path, __u64 mount) {
    const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(directory.release()));
    if (!stream) {
        throw errno_error("read directory", path, errno);
    }
    while (const dirent* entry = ::readdir(stream.get())) {
        const std::string name = entry->d_name;
        if (name != "." && name != "..") {
            remove_entry(::dirfd(stream.get()), name.c_str(), path + "/" + name, mount);
        }
    }
}

// The path below the root that a symlink whose target does not exist stands for; nothing if `name`
// is no symlink. Images have such links (/etc/resolv.conf, /var/run): what is mounted there goes to
// the target.
std::optional<std::string> target_of(FdRef parent,
                                     const std::string& name,
                                     const std::string& parent_path,
                                     int links) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlinkat(parent.get(), name.c_str(), target.data(), target.size());
    if (length < 0 && errno == EINVAL) {
        return std::nullopt;
    }
    if (length < 0 || links >= kMaxLinks) {
        throw errno_error("resolve", parent_path + "/" + name, length < 0 ? errno : ELOOP);
    }
    const std::string text(target.data(), static_cast<std::size_t>(length));
    return text.front() == '/' ? text : parent_path + "/" + text;
}

UniqueFd make_directories(FdRef root, const std::string& path, int links);

// Opens or makes the directory `name` of `parent`, which is `parent_path` below the root.
UniqueFd make_directory(
    FdRef root, FdRef parent, const std::string& parent_path, const std::string& name, int links) {
    const std::string path = parent_path + "/" + name;
    for (int race = 0; race < kMaxRaces; ++race) {
        UniqueFd existing(open_resolved(root, path, O_PATH | O_DIRECTORY, 0));
        if (existing.valid()) {
            return existing;
        }
        if (errno != ENOENT) {
            throw errno_error("open directory", path, errno);
        }
        if (::mkdirat(parent.get(), name.c_str(), 0755) == 0) {
            continue;
        }
        if (errno != EEXIST) {
            throw errno_error("create directory", path, errno);
        }
        if (const auto target = target_of(parent, name, parent_path, links)) {
            return make_directories(root, *target, links + 1);
        }
    }
    throw errno_error("create directory", path, EAGAIN);
}

// The walk is repeated from the root for each prefix, so that a symlink in the middle is resolved
// inside the root and not relative to a directory outside of it.
UniqueFd make_directories(FdRef root, const std::string& path, int links) {
    std::string prefix;
    UniqueFd current = open_in_root(root, "/", O_PATH | O_DIRECTORY);
    for (const auto& component : std::filesystem::path(path).relative_path()) {
        if (component.empty() || component == ".") {
            continue;
        }
        current = make_directory(root, current.ref(), prefix, component.native(), links);
        prefix += "/" + component.native();
    }
    return current;
}

UniqueFd make_file(FdRef root, const std::string& path, int links) {
    UniqueFd existing(open_resolved(root, path, O_PATH, 0));
    if (existing.valid()) {
        return existing;
    }
    const std::filesystem::path file(path);
    const std::string parent_path = file.parent_path().native();
    const UniqueFd parent = make_directories(root, parent_path, links);
    const UniqueFd created(::openat(parent.get(),
                                    file.filename().c_str(),
                                    O_CREAT | O_EXCL | O_RDONLY | O_NOFOLLOW | O_CLOEXEC,
                                    0644));
    if (!created.valid() && errno != EEXIST) {
        throw errno_error("create", path, errno);
    }
    if (!created.valid()) {
        if (const auto target = target_of(parent.ref(), file.filename(), parent_path, links)) {
            return make_file(root, *target, links + 1);
        }
    }
    return open_in_root(root, path, O_PATH);
}

}  // namespace

UniqueFd open_in_root(FdRef root, const std::string& path, int flags, mode_t mode) {
    UniqueFd fd(open_resolved(root, path.empty() ? "." : path, flags, mode));
    if (!fd.valid()) {
        throw errno_error("open", path, errno);
    }
    return fd;
}

UniqueFd open_without_links(const std::filesystem::path& path, int flags) {
    open_how how{};
    how.flags = static_cast<__u64>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_NO_SYMLINKS;
    UniqueFd fd(open_patiently(AT_FDCWD, path.c_str(), how));
    if (!fd.valid() && errno == ELOOP) {
        throw Error(ErrorCode::invalid_state,
                    "cannot open \"" + printable(path.native()) +
                        "\": a symlink has been put into its path meanwhile");
    }
    if (!fd.valid()) {
        throw errno_error("open", printable(path.native()), errno);
    }
    return fd;
}

UniqueFd make_directories_in_root(FdRef root, const std::string& path) {
    return make_directories(root, path, 0);
}

UniqueFd make_file_in_root(FdRef root, const std::string& path) {
    return make_file(root, path, 0);
}

std::string path_of(FdRef fd) {
    return "/proc/self/fd/" + std::to_string(fd.get());
}

void remove_tree(const std::filesystem::path& path) {
    // "a/b/" names b, and "b" has "." for a parent.
    const std::filesystem::path tree = path.has_filename() ? path : path.parent_path();
    const std::filesystem::path parent_path =
        tree.has_parent_path() ? tree.parent_path() : std::filesystem::path(".");
    const UniqueFd parent(::open(parent_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent.valid()) {
        if (errno == ENOENT) {
            return;
        }
        throw errno_error("open", parent_path.native(), errno);
    }
    const __u64 mount = mount_id_of(parent.get(), "", parent_path.native());
    remove_entry(parent.get(), tree.filename().c_str(), tree.native(), mount);
}

}  // namespace kata::base
