#include "pkg/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/scope_exit.h"

namespace kata::base {
namespace {

std::string read_until_end(FdRef fd, const std::filesystem::path& path, std::size_t max_bytes) {
    std::string content;
    std::vector<char> buffer(std::size_t{64} << 10);
    for (;;) {
        const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw errno_error("read", path.native(), errno);
        }
        if (count == 0) {
            return content;
        }
        content.append(buffer.data(), static_cast<std::size_t>(count));
        if (content.size() > max_bytes) {
            throw Error(ErrorCode::invalid_argument,
                        "cannot read \"" + path.native() + "\": larger than " +
                            std::to_string(max_bytes) + " bytes");
        }
    }
}

void sync_fd(FdRef fd, const std::filesystem::path& path) {
    if (::fsync(fd.get()) != 0) {
        throw errno_error("sync", path.native(), errno);
    }
}

}  // namespace

UniqueFd open_file(const std::filesystem::path& path, int flags, mode_t mode) {
    UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
    if (!fd.valid()) {
        throw errno_error("open", path.native(), errno);
    }
    return fd;
}

std::string read_file(const std::filesystem::path& path, std::size_t max_bytes) {
    const UniqueFd fd = open_file(path, O_RDONLY | O_NONBLOCK);
    return read_file(fd.ref(), path, max_bytes);
}

std::string read_file(FdRef fd, const std::filesystem::path& name, std::size_t max_bytes) {
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) {
        throw errno_error("stat", name.native(), errno);
    }
    if (!S_ISREG(status.st_mode)) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot read \"" + name.native() + "\": not a regular file");
    }
    return read_until_end(fd, name, max_bytes);
}

std::optional<std::string> try_read_file(const std::filesystem::path& path) {
    try {
        return read_file(path);
    } catch (const Error&) {
        return std::nullopt;
    }
}

void write_all(FdRef fd, std::string_view content, std::string_view object) {
    while (!content.empty()) {
        const ssize_t count = ::write(fd.get(), content.data(), content.size());
        if (count < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw errno_error("write", object, errno);
        }
        content.remove_prefix(static_cast<std::size_t>(count));
    }
}

namespace {

enum class Durability { until_boot, on_disk };

void replace(const std::filesystem::path& path,
             std::string_view content,
             mode_t mode,
             Durability durability) {
    const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
    std::string temporary = (directory / ("." + path.filename().native() + ".XXXXXX")).native();
    const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd.valid()) {
        throw errno_error("create a file in", directory.native(), errno);
    }
    ScopeExit remove_temporary([&]() noexcept { ::unlink(temporary.c_str()); });
    if (::fchmod(fd.get(), mode) != 0) {
        throw errno_error("set the mode of", temporary, errno);
    }
    write_all(fd.ref(), content, path.native());
    if (durability == Durability::on_disk) {
        sync_fd(fd.ref(), path);
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        throw errno_error("rename a file to", path.native(), errno);
    }
    remove_temporary.release();
    if (durability == Durability::on_disk) {
        sync_directory(directory);
    }
}

}  // namespace

void replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode) {
    replace(path, content, mode, Durability::until_boot);
}

void write_file_atomically(const std::filesystem::path& path,
                           std::string_view content,
                           mode_t mode) {
    replace(path, content, mode, Durability::on_disk);
}

void write_existing_file(const std::filesystem::path& path, std::string_view content) {
    const UniqueFd fd = open_file(path, O_WRONLY);
    write_all(fd.ref(), content, path.native());
}

void make_directories(const std::filesystem::path& path, mode_t mode) {
    std::filesystem::path prefix;
    for (const auto& component : path) {
        prefix /= component;
        if (::mkdir(prefix.c_str(), mode) != 0 && errno != EEXIST) {
            throw errno_error("create directory", prefix.native(), errno);
        }
    }
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored)) {
        throw errno_error("create directory", path.native(), ENOTDIR);
    }
}

void sync_directory(const std::filesystem::path& directory) {
    const UniqueFd fd = open_file(directory, O_RDONLY | O_DIRECTORY);
    sync_fd(fd.ref(), directory);
}

void open_missing_stdio() {
    for (int fd = 0; fd <= 2; ++fd) {
        if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
            // The lowest free number is the missing one.
            static_cast<void>(::open("/dev/null", O_RDWR));
        }
    }
}

}  // namespace kata::base
