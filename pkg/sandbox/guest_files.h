// GuestFiles: the part of the Agent port that puts copies of the host's files into a guest without
// a share. Passive data; what is copied is file_copy.h's business.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pkg/base/deadline.h"

namespace kata::sandbox {

/// A directory, a symlink, a piece of a regular file, or another name of one.
struct GuestFilePiece {
    std::string path;  // below the directory that shares are mounted on
    mode_t mode = 0;   // with its type
    uid_t uid = 0;
    gid_t gid = 0;
    std::uint64_t offset = 0;  // of a regular file: where `data` begins; 0 begins it anew
    std::string data;          // of a regular file a piece, of a symlink its target
    std::string link_of;       // not empty: one more name of the regular file at this path
    std::int64_t modified_seconds = 0;
    std::uint32_t modified_nanoseconds = 0;
    std::map<std::string, std::string> attributes;  // extended ones

    bool operator==(const GuestFilePiece&) const = default;
};

/// Most bytes of data in one call of copy_files.
inline constexpr std::size_t kMostPieceBytes = std::size_t{1} << 20;

/// Errors and deadlines as in agent.h.
class GuestFiles {
  public:
    GuestFiles() = default;
    GuestFiles(const GuestFiles&) = delete;
    GuestFiles& operator=(const GuestFiles&) = delete;
    GuestFiles(GuestFiles&&) = delete;
    GuestFiles& operator=(GuestFiles&&) = delete;
    virtual ~GuestFiles() = default;

    /// Makes them in this order. Those of a container go away with it.
    virtual void copy_files(const std::vector<GuestFilePiece>& pieces, base::Deadline deadline) = 0;
};

}  // namespace kata::sandbox
