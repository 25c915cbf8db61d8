// CopiedFiles: copies of the host's files in a guest without a share, below the directory that
// shares are mounted on. No component of a path is trusted: symlinks of the copied trees lead to
// nowhere outside. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>

namespace kata::agent::guest {

/// As FilePiece of agent.proto has it.
struct FilePiece {
    std::string path;
    std::uint32_t mode = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t offset = 0;
    std::string data;
    std::string link_of;
    std::int64_t modified_seconds = 0;
    std::uint32_t modified_nanoseconds = 0;
    std::map<std::string, std::string> attributes;
};

class CopiedFiles {
  public:
    explicit CopiedFiles(std::string root = "/run/kata-containers/shared/containers")
        : root_(std::move(root)) {}

    /// @throws base::Error invalid_argument for a path that is none below a container's directory,
    /// or an object that is neither directory, regular file nor symlink; by errno otherwise.
    void put(const FilePiece& piece);

    /// Removes what was put below the container's id; nothing is fine.
    void remove(const std::string& container_id);

  private:
    std::string root_;
    std::mutex mutex_;
    std::set<std::string> containers_;
};

}  // namespace kata::agent::guest
