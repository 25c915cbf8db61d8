// Storages: file systems that the host asks the guest to mount before containers are made.
// Thread-safe.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "pkg/agent/guest/disk_storage.h"

namespace kata::agent::guest {

struct Storage {
    std::string source;
    std::string fs_type;
    std::vector<std::string> options;
    std::string mount_point;
};

class Storages {
  public:
    /// Mounts `storage` on its mount point, which is made. @throws base::Error naming source and
    /// mount point.
    void mount(const Storage& storage);
    /// Lets go of every file of the storages that nobody uses: as long as the guest remembers one,
    /// virtiofsd holds it open, and what an engine unmounts on the host stays in use. Trouble is
    /// logged.
    void release_unused_files() noexcept;
    /// Unmounts what was mounted, the last first. Trouble is logged: the VM ends anyway.
    void unmount_all() noexcept;

    [[nodiscard]] DiskStorages& disks() { return disks_; }

  private:
    DiskStorages disks_;
    std::mutex mutex_;
    std::vector<std::string> mount_points_;
};

/// Mount options as mount(2) wants them.
struct MountOptions {
    unsigned long flags = 0;
    std::string data;  // what is for the file system itself
};
[[nodiscard]] MountOptions parse_mount_options(const std::vector<std::string>& options);

}  // namespace kata::agent::guest
