// Whole-file reads and crash-safe writes. Nothing here follows state of the domain.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "pkg/base/unique_fd.h"

namespace kata::base {

/// Opens `path` with O_CLOEXEC added. @throws Error by errno, naming the path.
[[nodiscard]] UniqueFd open_file(const std::filesystem::path& path, int flags, mode_t mode = 0600);

/// The content of a regular file of at most `max_bytes`; FIFOs, directories and devices are refused
/// without blocking. @throws Error not_found, invalid_argument (too large, not a file), ...
[[nodiscard]] std::string read_file(const std::filesystem::path& path,
                                    std::size_t max_bytes = std::size_t{16} << 20);

/// The same of a file that is open already. @param name for messages.
[[nodiscard]] std::string read_file(FdRef fd,
                                    const std::filesystem::path& name,
                                    std::size_t max_bytes = std::size_t{16} << 20);

/// As read_file for files of /proc and /sys, whose size is unknown; nullopt if it cannot be read.
[[nodiscard]] std::optional<std::string> try_read_file(const std::filesystem::path& path);

/// Replaces `path` so that a reader, and a machine that loses power, sees the old content or the
/// new: temporary file in the same directory, fsync, rename, fsync of the directory.
void write_file_atomically(const std::filesystem::path& path,
                           std::string_view content,
                           mode_t mode = 0600);

/// The same for what a boot takes away in any case: a reader, and whoever comes after a killed
/// writer, sees the old content or the new; nothing waits for the disk.
void replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode = 0600);

/// Writes all of `content` to an existing file without creating or truncating it (cgroup, proc,
/// sysfs).
void write_existing_file(const std::filesystem::path& path, std::string_view content);

/// Writes every byte, resuming after signals and short writes. @throws Error naming `object`.
void write_all(FdRef fd, std::string_view content, std::string_view object);

/// mkdir -p with `mode` for the directories it makes; an existing directory is fine.
void make_directories(const std::filesystem::path& path, mode_t mode = 0700);

/// fsync of a directory, so that a rename or creation in it is on disk.
void sync_directory(const std::filesystem::path& directory);

/// Opens /dev/null for those of the descriptors 0-2 that a program was started without, so that the
/// next file it opens is not taken for its standard input or output.
void open_missing_stdio();

}  // namespace kata::base
