#include "pkg/sandbox/disk_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/quoted.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;
using base::quoted;

struct stat status_of(const base::UniqueFd& fd, const std::filesystem::path& path) {
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) {
        throw base::errno_error("stat", path.native(), errno);
    }
    return status;
}

std::string numbers_of(const DiskSource& source) {
    return std::to_string(source.major) + ":" + std::to_string(source.minor);
}

std::filesystem::path sysfs_of(const DiskSource& source, const HostView& host) {
    return host.sys / "dev/block" / numbers_of(source);
}

void describe_device(DiskSource& source, const HostView& host) {
    source.read_only =
        base::try_read_file(sysfs_of(source, host) / "ro").value_or("").starts_with('1');
}

DiskSource described(const struct stat& status, const std::filesystem::path& path) {
    DiskSource source;
    source.path = path;
    source.is_block_device = S_ISBLK(status.st_mode);
    source.is_socket = S_ISSOCK(status.st_mode);
    const dev_t numbers = source.is_block_device ? status.st_rdev : status.st_dev;
    source.major = major(numbers);
    source.minor = minor(numbers);
    source.inode = source.is_block_device ? 0 : status.st_ino;
    return source;
}

// 64-bit FNV-1a: the same in every version that may have started the VM.
std::uint64_t hash_of(const std::string& text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return hash;
}

}  // namespace

DiskSource disk_source(const std::filesystem::path& path, const HostView& host) {
    const base::UniqueFd fd = base::open_file(path, O_PATH);
    const struct stat status = status_of(fd, path);
    if (!S_ISBLK(status.st_mode) && !S_ISREG(status.st_mode)) {
        throw Error(ErrorCode::invalid_argument,
                    quoted(path) + " is neither a block device nor a regular file");
    }
    DiskSource source = described(status, path);
    if (source.is_block_device) {
        describe_device(source, host);
    }
    return source;
}

DiskSource socket_source(const std::filesystem::path& path) {
    const base::UniqueFd fd = base::open_file(path, O_PATH);
    DiskSource source = described(status_of(fd, path), path);
    if (!source.is_socket) {
        throw Error(ErrorCode::invalid_argument, quoted(path) + " is not a socket");
    }
    return source;
}

std::optional<DiskSource> find_device(const std::string& path,
                                      std::int64_t major,
                                      std::int64_t minor,
                                      const HostView& host) {
    DiskSource source;
    source.path = path;
    source.major = static_cast<unsigned>(major);
    source.minor = static_cast<unsigned>(minor);
    std::error_code ignored;
    if (!std::filesystem::exists(sysfs_of(source, host), ignored)) {
        return std::nullopt;
    }
    describe_device(source, host);
    return source;
}

base::UniqueFd open_source(const DiskSource& source) {
    base::UniqueFd fd = base::open_file(source.path, O_PATH);
    const DiskSource found = described(status_of(fd, source.path), source.path);
    if (found.is_block_device != source.is_block_device || found.inode != source.inode ||
        numbers_of(found) != numbers_of(source)) {
        throw Error(ErrorCode::invalid_state,
                    quoted(source.path) + " was replaced while it was being used");
    }
    return fd;
}

std::string serial_of(const DiskSource& source) {
    std::string name = (source.is_block_device ? "b" : "f") + numbers_of(source);
    if (!source.is_block_device) {
        name += ":" + std::to_string(source.inode);
    }
    std::array<char, 21> serial{};
    std::snprintf(serial.data(),
                  serial.size(),
                  "kata%016llx",
                  static_cast<unsigned long long>(hash_of(name)));
    return serial.data();
}

}  // namespace kata::sandbox
