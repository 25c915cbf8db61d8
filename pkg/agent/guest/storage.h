// Storages: file systems that the host asks the guest to mount before containers are made.
// Thread-safe.
#pragma once

#include <mutex>
#include <string>
#include <vector>

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
    /// Unmounts what was mounted, the last first. Trouble is logged: the VM ends anyway.
    void unmount_all() noexcept;

  private:
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
