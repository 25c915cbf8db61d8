#include "pkg/base/safe_path.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::base {
namespace {

// EAGAIN means that a rename raced with the walk; the kernel asks the caller to try again.
constexpr int kMaxRaces = 128;

int open_resolved(FdRef root, const std::string& path, int flags, mode_t mode) {
    open_how how{};
    how.flags = static_cast<__u64>(flags | O_CLOEXEC);
    how.mode = mode;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    int fd = -1;
    for (int race = 0; race < kMaxRaces; ++race) {
        fd = static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how));
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) {
            break;
        }
    }
    return fd;
}

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

struct MountId {
    dev_t device;
    __u64 mount;
};

MountId mount_id_of(int fd, const char* name) {
    struct statx status {};
    if (::statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_MNT_ID, &status) != 0) {
        throw errno_error("stat", name, errno);
    }
    return {0, status.stx_mnt_id};
}

void remove_entries(UniqueFd directory, const std::string& path, __u64 mount);

void remove_entry(int parent, const char* name, const std::string& path, __u64 mount) {
    if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) {
        return;
    }
    if (errno != EISDIR && errno != EPERM) {
        throw errno_error("remove", path, errno);
    }
    if (mount_id_of(parent, name).mount != mount) {
        throw Error(ErrorCode::invalid_state,
                    "cannot remove \"" + path + "\": something is still mounted on it");
    }
    UniqueFd child(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!child.valid()) {
        throw errno_error("open", path, errno);
    }
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

}  // namespace

UniqueFd open_in_root(FdRef root, const std::string& path, int flags, mode_t mode) {
    UniqueFd fd(open_resolved(root, path.empty() ? "." : path, flags, mode));
    if (!fd.valid()) {
        throw errno_error("open", path, errno);
    }
    return fd;
}

UniqueFd make_directories_in_root(FdRef root, const std::string& path) {
    // The walk is repeated from the root for each prefix, so that a symlink in the middle is
    // resolved inside the root and not relative to a directory outside of it.
    std::string prefix = "/";
    UniqueFd current = open_in_root(root, prefix, O_PATH | O_DIRECTORY);
    for (const auto& component : std::filesystem::path(path).relative_path()) {
        if (component.empty() || component == ".") {
            continue;
        }
        prefix += component.native() + "/";
        int fd = open_resolved(root, prefix, O_PATH | O_DIRECTORY, 0);
        if (fd < 0 && errno == ENOENT) {
            if (::mkdirat(current.get(), component.c_str(), 0755) != 0 && errno != EEXIST) {
                throw errno_error("create directory", prefix, errno);
            }
            fd = open_resolved(root, prefix, O_PATH | O_DIRECTORY, 0);
        }
        if (fd < 0) {
            throw errno_error("open directory", prefix, errno);
        }
        current = UniqueFd(fd);
    }
    return current;
}

UniqueFd make_file_in_root(FdRef root, const std::string& path) {
    const int existing = open_resolved(root, path, O_PATH, 0);
    if (existing >= 0) {
        return UniqueFd(existing);
    }
    const std::filesystem::path file(path);
    const UniqueFd parent = make_directories_in_root(root, file.parent_path().native());
    const UniqueFd created(::openat(parent.get(),
                                    file.filename().c_str(),
                                    O_CREAT | O_EXCL | O_RDONLY | O_NOFOLLOW | O_CLOEXEC,
                                    0644));
    if (!created.valid() && errno != EEXIST) {
        throw errno_error("create", path, errno);
    }
    return open_in_root(root, path, O_PATH);
}

std::string path_of(FdRef fd) {
    return "/proc/self/fd/" + std::to_string(fd.get());
}

void remove_tree(const std::filesystem::path& path) {
    const std::filesystem::path parent_path = path.parent_path();
    const UniqueFd parent(::open(parent_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent.valid()) {
        if (errno == ENOENT) {
            return;
        }
        throw errno_error("open", parent_path.native(), errno);
    }
    const __u64 mount = mount_id_of(parent.get(), "").mount;
    remove_entry(parent.get(), path.filename().c_str(), path.native(), mount);
}

}  // namespace kata::base
