// Cgroup: the cgroup v2 group of a container in the guest, children included.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <set>

namespace kata::agent::guest {

class Cgroup {
  public:
    /// The group that `pid` is in. A process in the root group, or none at all, gives an empty
    /// Cgroup: all that is not containers is in the root group, and must never be killed as one.
    [[nodiscard]] static Cgroup of_process(pid_t pid,
                                           const std::filesystem::path& root = "/sys/fs/cgroup");

    Cgroup() = default;
    explicit Cgroup(std::filesystem::path directory) : directory_(std::move(directory)) {}

    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
    [[nodiscard]] bool known() const { return !directory_.empty(); }

    /// Every process in it and below; empty if it is gone.
    [[nodiscard]] std::set<pid_t> processes() const;

    /// SIGKILL to all at once, also to those that fork meanwhile. A group that is gone is fine.
    void kill() const;

  private:
    std::filesystem::path directory_;
};

}  // namespace kata::agent::guest
