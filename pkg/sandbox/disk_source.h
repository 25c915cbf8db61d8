// DiskSource: a block device, regular file or socket of the host that becomes a disk of a guest,
// opened once and from then on known by its numbers: what is at its path later makes no difference.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "pkg/base/unique_fd.h"
#include "pkg/sandbox/volumes/volume_device.h"

namespace kata::sandbox {

struct DiskSource {
    std::filesystem::path path;  // for messages
    bool is_block_device = true;
    bool is_socket = false;  // of a process that serves the disk (vhost-user)
    unsigned major = 0;      // of the device; of a file's file system
    unsigned minor = 0;
    std::uint64_t inode = 0;  // of a file or socket
    bool read_only = false;   // the device itself is
};

/// @throws base::Error not_found, or invalid_argument for what is neither.
[[nodiscard]] DiskSource disk_source(const std::filesystem::path& path, const HostView& host = {});

/// The socket of a process that serves a disk. @throws base::Error not_found, or invalid_argument.
[[nodiscard]] DiskSource socket_source(const std::filesystem::path& path);

/// A block device by its numbers, as a spec's linux.devices has it; nullopt if the host has none.
[[nodiscard]] std::optional<DiskSource> find_device(const std::string& path,
                                                    std::int64_t major,
                                                    std::int64_t minor,
                                                    const HostView& host = {});

/// Opens the source O_PATH for somebody to bind. @throws base::Error invalid_state if another file
/// is at its path by now.
[[nodiscard]] base::UniqueFd open_source(const DiskSource& source);

/// What the guest finds the disk by: equal for equal sources, at most kMaxDiskSerial letters and
/// digits.
[[nodiscard]] std::string serial_of(const DiskSource& source);

}  // namespace kata::sandbox
