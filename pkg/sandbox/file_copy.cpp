#include "pkg/sandbox/file_copy.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include <climits>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/interruption.h"
#include "pkg/base/safe_path.h"

namespace kata::sandbox {
namespace {

using base::FdRef;
using base::UniqueFd;

constexpr std::size_t kMostPieces = 2048;
// What a piece costs beside its data, roughly.
constexpr std::size_t kPieceOverhead = 256;
constexpr std::size_t kMostAttributeBytes = std::size_t{64} << 10;

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

std::vector<std::string> names_in(UniqueFd directory, const std::string& path) {
    const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(directory.get()));
    if (!stream) {
        throw base::errno_error("read directory", path, errno);
    }
    static_cast<void>(directory.release());
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(stream.get())) {
        const std::string name = entry->d_name;
        if (name != "." && name != "..") {
            names.push_back(name);
        }
    }
    return names;
}

// Through a name of the descriptor, because an O_PATH one has no calls of its own for it.
std::map<std::string, std::string> attributes_of(FdRef object) {
    const std::string path = base::path_of(object);
    std::string names(kMostAttributeBytes, '\0');
    const ssize_t length = ::listxattr(path.c_str(), names.data(), names.size());
    std::map<std::string, std::string> attributes;
    for (ssize_t at = 0; at < length;) {
        const std::string name = names.c_str() + at;
        at += static_cast<ssize_t>(name.size()) + 1;
        std::string value(kMostAttributeBytes, '\0');
        const ssize_t size = ::getxattr(path.c_str(), name.c_str(), value.data(), value.size());
        // A label of the host's SELinux means nothing in the guest.
        if (size >= 0 && name != "security.selinux") {
            value.resize(static_cast<std::size_t>(size));
            attributes.emplace(name, std::move(value));
        }
    }
    return attributes;
}

GuestFilePiece described(const std::string& target, const struct stat& status) {
    GuestFilePiece piece;
    piece.path = target;
    piece.mode = status.st_mode;
    piece.uid = status.st_uid;
    piece.gid = status.st_gid;
    piece.modified_seconds = status.st_mtim.tv_sec;
    piece.modified_nanoseconds = static_cast<std::uint32_t>(status.st_mtim.tv_nsec);
    return piece;
}

// What an O_PATH descriptor names, opened for reading: the same object, whatever its name is now.
UniqueFd reopened(FdRef object, int flags, const std::string& path) {
    UniqueFd opened(::open(base::path_of(object).c_str(), O_RDONLY | O_CLOEXEC | flags));
    if (!opened.valid()) {
        throw base::errno_error("open", path, errno);
    }
    return opened;
}

base::Error too_much(const std::string& path, const std::string& limit) {
    return {base::ErrorCode::unsupported,
            "cannot copy \"" + base::printable(path, 256) +
                "\" into the guest: with it there are more than " + limit +
                "; use shared_fs = \"virtio-fs\""};
}

}  // namespace

// An object pinned by an O_PATH descriptor.
struct FileCopy::Source {
    UniqueFd object;
    struct stat status;
    std::string path;    // on the host, for messages
    std::string target;  // in the guest
    unsigned depth;
};

FileCopy::FileCopy(GuestFiles& guest, std::chrono::milliseconds call_timeout, CopyLimits limits)
    : guest_(guest), call_timeout_(call_timeout), limits_(limits) {}

void FileCopy::add(const std::filesystem::path& source, const std::string& target) {
    Source pinned{base::open_without_links(source, O_PATH), {}, source.native(), target, 0};
    if (::fstat(pinned.object.get(), &pinned.status) != 0) {
        throw base::errno_error("stat", pinned.path, errno);
    }
    copy_object(pinned);
}

void FileCopy::copy_object(const Source& source) {
    base::throw_if_interrupted();
    GuestFilePiece piece = described(source.target, source.status);
    switch (source.status.st_mode & S_IFMT) {
        case S_IFDIR:
            return copy_directory(source, std::move(piece));
        case S_IFREG:
            return copy_file(source, std::move(piece));
        case S_IFLNK:
            return copy_symlink(source, std::move(piece));
        default:
            ++left_out_;
    }
}

void FileCopy::copy_directory(const Source& source, GuestFilePiece piece) {
    if (source.depth >= limits_.depth) {
        throw base::Error(base::ErrorCode::unsupported,
                          "cannot copy \"" + base::printable(source.path, 256) +
                              "\" into the guest: its directories are too deep");
    }
    count_file(source.path);
    piece.attributes = attributes_of(source.object.ref());
    send(std::move(piece));
    for (const std::string& name :
         names_in(reopened(source.object.ref(), O_DIRECTORY, source.path), source.path)) {
        const std::string path = source.path + "/" + name;
        Source child{
            UniqueFd(::openat(source.object.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)),
            {},
            path,
            source.target + "/" + name,
            source.depth + 1};
        if (!child.object.valid() && errno == ENOENT) {
            continue;  // it went away meanwhile
        }
        if (!child.object.valid() || ::fstat(child.object.get(), &child.status) != 0) {
            throw base::errno_error("open", path, errno);
        }
        copy_object(child);
    }
}

void FileCopy::copy_file(const Source& source, GuestFilePiece piece) {
    if (source.status.st_nlink > 1) {
        const Inode inode{source.status.st_dev, source.status.st_ino};
        const auto [first, is_new] = linked_.emplace(inode, source.target);
        if (!is_new) {
            piece.link_of = first->second;
            return send(std::move(piece));
        }
    }
    count_file(source.path);
    piece.attributes = attributes_of(source.object.ref());
    const UniqueFd file = reopened(source.object.ref(), O_NONBLOCK | O_NOCTTY, source.path);
    for (;;) {
        std::string data(kMostPieceBytes, '\0');
        const ssize_t size = ::read(file.get(), data.data(), data.size());
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            throw base::errno_error("read", source.path, errno);
        }
        if (size == 0 && piece.offset > 0) {
            return;
        }
        data.resize(static_cast<std::size_t>(size));
        count_bytes(data.size(), source.path);
        GuestFilePiece next = piece;
        next.data = std::move(data);
        send(std::move(next));
        if (static_cast<std::size_t>(size) < kMostPieceBytes) {
            return;
        }
        piece.offset += static_cast<std::uint64_t>(size);
    }
}

void FileCopy::copy_symlink(const Source& source, GuestFilePiece piece) {
    count_file(source.path);
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlinkat(source.object.get(), "", target.data(), target.size());
    if (length < 0) {
        throw base::errno_error("read", source.path, errno);
    }
    piece.data.assign(target.data(), static_cast<std::size_t>(length));
    send(std::move(piece));
}

void FileCopy::count_file(const std::string& path) {
    if (++files_ > limits_.files) {
        throw too_much(path, std::to_string(limits_.files) + " files");
    }
}

void FileCopy::count_bytes(std::uint64_t bytes, const std::string& path) {
    bytes_ += bytes;
    if (bytes_ > limits_.bytes) {
        throw too_much(path, std::to_string(limits_.bytes >> 20) + " MiB");
    }
}

void FileCopy::send(GuestFilePiece piece) {
    std::size_t size = kPieceOverhead + piece.path.size() + piece.data.size();
    for (const auto& [name, value] : piece.attributes) {
        size += name.size() + value.size();
    }
    if (waiting_.size() >= kMostPieces ||
        waiting_bytes_ + size > kMostPieceBytes + kPieceOverhead) {
        finish();
    }
    waiting_bytes_ += size;
    waiting_.push_back(std::move(piece));
}

void FileCopy::finish() {
    if (waiting_.empty()) {
        return;
    }
    guest_.copy_files(waiting_, base::Deadline::after(call_timeout_));
    waiting_.clear();
    waiting_bytes_ = 0;
}

}  // namespace kata::sandbox
