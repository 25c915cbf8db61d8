// FileCopy: sends trees of the host into a guest without a share (shared_fs = "none"). A copy is
// made once: later changes are seen on neither side. Directories, regular files, symlinks and hard
// links are copied, with owner, mode, time and extended attributes; devices, sockets and FIFOs are
// left out and counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pkg/base/unique_fd.h"
#include "pkg/sandbox/guest_files.h"

namespace kata::sandbox {

/// More is refused: the copies lie in the guest's memory and each is waited for.
struct CopyLimits {
    std::uint64_t bytes = std::uint64_t{1} << 30;
    std::uint64_t files = 200'000;
    unsigned depth = 128;
};

class FileCopy {
  public:
    /// @param call_timeout for one call of the guest, of which there are many.
    FileCopy(GuestFiles& guest, std::chrono::milliseconds call_timeout, CopyLimits limits = {});

    /// Copies the directory or file `source` to `target`, a path below the guest's share directory;
    /// its parents are made. Symlinks below the source are copied, never followed.
    /// @throws base::Error unsupported beyond the limits; not_found, ... naming the file.
    void add(const std::filesystem::path& source, const std::string& target);

    /// Sends what is still held back.
    void finish();

    /// How many objects had no place in a copy.
    [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

  private:
    using Inode = std::pair<dev_t, ino_t>;
    struct Source;

    void copy_object(const Source& source);
    void copy_directory(const Source& source, GuestFilePiece piece);
    void copy_file(const Source& source, GuestFilePiece piece);
    void copy_symlink(const Source& source, GuestFilePiece piece);
    void send(GuestFilePiece piece);
    void count_file(const std::string& path);
    void count_bytes(std::uint64_t bytes, const std::string& path);

    GuestFiles& guest_;
    std::chrono::milliseconds call_timeout_;
    CopyLimits limits_;
    std::vector<GuestFilePiece> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::map<Inode, std::string> linked_;  // files with several names, by where the first one went
    std::uint64_t bytes_ = 0;
    std::uint64_t files_ = 0;
    std::uint64_t left_out_ = 0;
};

}  // namespace kata::sandbox
