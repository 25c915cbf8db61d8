// Share: the directory tree of one sandbox that the guest sees through virtio-fs, as in Kata:
//
//   <share_dir>/<sandbox id>/mounts/<container id>/rootfs        bind of the container's root
//   <share_dir>/<sandbox id>/mounts/<container id>/volumes/<n>   bind of its n-th shared mount
//   <share_dir>/<sandbox id>/shared                              what virtiofsd exports
//
// `shared` is a read-only view of `mounts` that follows later mounts: the guest can write into what
// is mounted, never into the directories around it. Read-only mounts are read-only on the host.
// Every mount and directory is in the journal before it is made; undo.h takes them away.
#pragma once

#include <filesystem>
#include <string>

#include "pkg/sandbox/journal.h"

namespace kata::sandbox {

/// Where the guest mounts `shared`, and the tag it does so by.
inline constexpr const char* kShareTag = "kataShared";
inline constexpr const char* kGuestShareDir = "/run/kata-containers/shared/containers";

/// What is shared, and how; the flags are those of mount(8)'s rbind, ro and rro.
struct ShareSource {
    std::filesystem::path path;          // canonical: a symlink put into it since is refused
    bool recursive = true;               // with what is mounted below it, now or later
    bool read_only = false;              // the mount itself
    bool recursively_read_only = false;  // and everything mounted below it
    bool follows_host = true;            // later mounts and unmounts below it arrive, too
};

class Share {
  public:
    /// Names the tree; makes nothing.
    Share(const std::filesystem::path& share_dir, const std::string& sandbox_id);

    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
    [[nodiscard]] std::filesystem::path exported() const { return directory_ / "shared"; }

    /// Makes the empty tree of a new sandbox. @throws base::Error naming the step that failed.
    void create(Journal& journal) const;

    /// Makes the directory of one container, below which its mounts are bound. It goes with the
    /// container, not with the sandbox.
    void add_container(Journal& journal, const std::string& container_id) const;

    /// Makes a directory or file of the host appear at mounts/<relative>.
    /// @return the path at which the guest sees it.
    [[nodiscard]] std::string bind(Journal& journal,
                                   const ShareSource& source,
                                   const std::string& relative) const;

  private:
    std::filesystem::path directory_;
};

/// Makes in `rootfs` what a container's mounts need and is missing (a file for a file, else a
/// directory): in a read-only root nobody can do so later. Works below the root whatever symlinks
/// the image contains.
void make_mount_point(const std::filesystem::path& rootfs,
                      const std::string& destination,
                      bool as_file);

}  // namespace kata::sandbox
