#include "pkg/sandbox/share.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/safe_path.h"
#include "pkg/base/unique_fd.h"

namespace kata::sandbox {
namespace {

using base::UniqueFd;

void change_mount(const std::filesystem::path& path, unsigned long flags, const char* what) {
    if (::mount(nullptr, path.c_str(), nullptr, flags, nullptr) != 0) {
        throw base::errno_error(what, path.native(), errno);
    }
}

void bind_on(Journal& journal,
             const std::filesystem::path& source,
             const std::filesystem::path& target) {
    journal.record(Effect::Kind::mount, target.native());
    if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) {
        throw base::errno_error("bind a mount to", target.native(), errno);
    }
}

void set_attributes(const UniqueFd& tree,
                    const ShareSource& source,
                    unsigned int flags,
                    mount_attr attributes) {
    if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | flags, &attributes, sizeof attributes) !=
        0) {
        throw base::errno_error("set the mount flags of", source.path.native(), errno);
    }
}

// A detached copy of the tree at the source. Its flags are set before it is attached, because a
// change made afterwards would not reach the copies that propagation has already made.
UniqueFd clone_tree(const ShareSource& source) {
    const UniqueFd place = base::open_without_links(source.path, O_PATH);
    const unsigned int flags =
        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (source.recursive ? AT_RECURSIVE : 0);
    UniqueFd tree(::open_tree(place.get(), "", flags));
    if (!tree.valid()) {
        throw base::errno_error("take the mount tree of", source.path.native(), errno);
    }
    mount_attr propagation{};
    propagation.propagation = source.follows_host ? MS_SLAVE : MS_PRIVATE;
    set_attributes(tree, source, AT_RECURSIVE, propagation);
    if (source.read_only || source.recursively_read_only) {
        mount_attr read_only{};
        read_only.attr_set = MOUNT_ATTR_RDONLY;
        set_attributes(tree, source, source.recursively_read_only ? AT_RECURSIVE : 0, read_only);
    }
    return tree;
}

void attach_tree(const UniqueFd& tree, const std::filesystem::path& target) {
    if (::move_mount(tree.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
        throw base::errno_error("attach a mount to", target.native(), errno);
    }
}

bool is_directory(const UniqueFd& tree, const std::filesystem::path& source) {
    struct stat status {};
    if (::fstat(tree.get(), &status) != 0) {
        throw base::errno_error("stat", source.native(), errno);
    }
    return S_ISDIR(status.st_mode);
}

void make_target(const std::filesystem::path& target, bool directory) {
    base::make_directories(target.parent_path(), 0755);
    if (directory) {
        base::make_directories(target, 0755);
    } else {
        const UniqueFd file = base::open_file(target, O_WRONLY | O_CREAT | O_NOFOLLOW, 0644);
    }
}

}  // namespace

Share::Share(const std::filesystem::path& share_dir, const std::string& sandbox_id)
    : directory_(share_dir / sandbox_id) {}

void Share::create(Journal& journal) const {
    const auto mounts = directory_ / "mounts";
    // Nobody but root walks into it: images may hold programs that are setuid.
    base::make_directories(directory_.parent_path(), 0700);
    journal.record(Effect::Kind::directory, directory_.native());
    base::make_directories(directory_, 0700);
    base::make_directories(mounts, 0755);
    base::make_directories(exported(), 0755);

    bind_on(journal, mounts, mounts);
    change_mount(mounts, MS_PRIVATE, "make private");
    change_mount(mounts, MS_SHARED, "make shared");
    bind_on(journal, mounts, exported());
    // A slave of `mounts` that is itself shared: mounts made later reach it and virtiofsd's copy of
    // it, and nothing done there comes back.
    change_mount(exported(), MS_SLAVE, "make a slave of its source");
    change_mount(exported(), MS_SHARED, "make shared");
    change_mount(exported(), MS_REMOUNT | MS_BIND | MS_RDONLY, "make read-only");
}

void Share::add_container(Journal& journal, const std::string& container_id) const {
    const auto directory = directory_ / "mounts" / container_id;
    journal.record(Effect::Kind::directory, directory.native());
    base::make_directories(directory, 0755);
}

std::string Share::bind(Journal& journal,
                        const ShareSource& source,
                        const std::string& relative) const {
    const UniqueFd tree = clone_tree(source);
    const auto target = directory_ / "mounts" / relative;
    make_target(target, is_directory(tree, source.path));
    journal.record(Effect::Kind::mount, target.native());
    attach_tree(tree, target);
    return std::string(kGuestShareDir) + "/" + relative;
}

void make_mount_point(const std::filesystem::path& rootfs,
                      const std::string& destination,
                      bool as_file) {
    const UniqueFd root = base::open_without_links(rootfs, O_PATH | O_DIRECTORY);
    if (as_file) {
        static_cast<void>(base::make_file_in_root(root.ref(), destination));
    } else {
        static_cast<void>(base::make_directories_in_root(root.ref(), destination));
    }
}

}  // namespace kata::sandbox
