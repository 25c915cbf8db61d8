// All path work below a root that somebody else may change under us (rootfs, share, volume).
// Nothing here trusts a path component: every walk is openat2(2) with RESOLVE_IN_ROOT and without
// magic links, and results are descriptors, so that a swap of a directory for a symlink changes
// nothing.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "pkg/base/unique_fd.h"

namespace kata::base {

/// Opens `path` as a process chroot-ed into `root` would see it (absolute symlinks stay inside).
/// @throws Error by errno, naming `path`.
[[nodiscard]] UniqueFd open_in_root(FdRef root,
                                    const std::string& path,
                                    int flags,
                                    mode_t mode = 0);

/// Opens a path of the host that was resolved before (canonical) and judged by its name: if anybody
/// has put a symlink into it since, what it leads to is not opened.
/// @throws Error by errno, naming `path`; invalid_state for such a symlink.
[[nodiscard]] UniqueFd open_without_links(const std::filesystem::path& path, int flags);

/// Makes every missing directory of `path` below `root` (0755) and opens the last one O_PATH.
[[nodiscard]] UniqueFd make_directories_in_root(FdRef root, const std::string& path);

/// Makes `path` below `root` as an empty regular file if nothing is there and opens it O_PATH;
/// its parents are made as directories. An existing object of any type is opened as it is.
[[nodiscard]] UniqueFd make_file_in_root(FdRef root, const std::string& path);

/// The path through which an O_PATH descriptor can be given to mount(2): "/proc/self/fd/N".
[[nodiscard]] std::string path_of(FdRef fd);

/// Removes a tree without following symlinks and without crossing into another mount (a mount point
/// found inside is an error, its content is never touched). A missing tree is fine.
void remove_tree(const std::filesystem::path& path);

}  // namespace kata::base
