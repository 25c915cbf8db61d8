#include "tests/posix/scene.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace kata::posix {
namespace {

constexpr std::size_t kMostRead = std::size_t{64} << 10;

}  // namespace

void expect(bool holds, const std::string& what) {
    if (!holds) {
        throw Difference(what);
    }
}

std::int64_t must(std::int64_t result, const std::string& what) {
    if (result < 0) {
        throw Difference(what + ": " + std::strerror(errno));
    }
    return result;
}

void must_fail(std::int64_t result, int error_number, const std::string& what) {
    expect(result < 0, what + " succeeds");
    expect(errno == error_number, what + " fails with: " + std::strerror(errno));
}

File::File(const std::string& path, int flags, mode_t mode)
    : fd_(static_cast<int>(must(::open(path.c_str(), flags | O_CLOEXEC, mode), "open"))) {}

File::~File() {
    ::close(fd_);
}

void File::write(const std::string& text) const {
    const auto written = must(::write(fd_, text.data(), text.size()), "write");
    expect(static_cast<std::size_t>(written) == text.size(), "a write is cut short");
}

void File::write_at(off_t offset, const std::string& text) const {
    const auto written = must(::pwrite(fd_, text.data(), text.size(), offset), "pwrite");
    expect(static_cast<std::size_t>(written) == text.size(), "a pwrite is cut short");
}

std::string File::read_at(off_t offset) const {
    std::string text(kMostRead, '\0');
    text.resize(
        static_cast<std::size_t>(must(::pread(fd_, text.data(), text.size(), offset), "pread")));
    return text;
}

struct stat File::status() const {
    struct stat status {};
    must(::fstat(fd_, &status), "fstat");
    return status;
}

Scene::Scene(std::string directory) : directory_(std::move(directory)) {
    must(::mkdir(directory_.c_str(), 0755), "mkdir");
}

std::string Scene::write(const std::string& name, const std::string& text) const {
    File(path(name), O_WRONLY | O_CREAT | O_TRUNC).write(text);
    return path(name);
}

std::string Scene::read(const std::string& name) const {
    return File(path(name), O_RDONLY).read_at(0);
}

struct stat Scene::status(const std::string& name) const {
    struct stat status {};
    must(::lstat(path(name).c_str(), &status), "lstat");
    return status;
}

bool Scene::exists(const std::string& name) const {
    struct stat status {};
    return ::lstat(path(name).c_str(), &status) == 0;
}

void in_child(const std::function<void()>& part) {
    std::array<int, 2> report{};
    must(::pipe(report.data()), "pipe");
    const pid_t child = static_cast<pid_t>(must(::fork(), "fork"));
    if (child == 0) {
        try {
            part();
        } catch (const Difference& difference) {
            const std::string text = difference.what();
            static_cast<void>(!::write(report[1], text.data(), text.size()));
        }
        ::_exit(0);
    }
    ::close(report[1]);
    std::array<char, 512> text{};
    const ssize_t length = ::read(report[0], text.data(), text.size());
    ::close(report[0]);
    ::waitpid(child, nullptr, 0);
    expect(length == 0,
           std::string(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0));
}

}  // namespace kata::posix
