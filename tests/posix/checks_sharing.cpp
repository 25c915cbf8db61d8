#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "tests/posix/scene.h"

namespace kata::posix {
namespace {

constexpr int kPatienceMs = 3000;

struct flock range(short type, off_t start, off_t length) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = start;
    lock.l_len = length;
    return lock;
}

int lock_range(const File& file, int command, short type, off_t start, off_t length) {
    struct flock lock = range(type, start, length);
    return ::fcntl(file.fd(), command, &lock);
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    expect(path.size() < sizeof address.sun_path, "the path is too long for a socket");
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

int stream_socket() {
    return static_cast<int>(must(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
}

}  // namespace

void flock_excludes(const Scene& scene) {
    const File one(scene.write("file", ""), O_RDWR);
    must(::flock(one.fd(), LOCK_EX | LOCK_NB), "flock");
    in_child([&] {
        const File other(scene.path("file"), O_RDWR);
        must_fail(::flock(other.fd(), LOCK_SH | LOCK_NB), EWOULDBLOCK, "flock of a locked file");
    });
    must(::flock(one.fd(), LOCK_UN), "LOCK_UN");
    in_child([&] {
        const File other(scene.path("file"), O_RDWR);
        must(::flock(other.fd(), LOCK_EX | LOCK_NB), "flock after LOCK_UN");
    });
}

void record_locks_exclude(const Scene& scene) {
    const File one(scene.write("file", "0123456789"), O_RDWR);
    must(lock_range(one, F_SETLK, F_WRLCK, 2, 4), "F_SETLK");
    in_child([&] {
        const File other(scene.path("file"), O_RDWR);
        must_fail(lock_range(other, F_SETLK, F_RDLCK, 5, 1), EAGAIN, "F_SETLK of a locked byte");
        must(lock_range(other, F_SETLK, F_WRLCK, 6, 4), "F_SETLK beside the locked range");
        struct flock who = range(F_WRLCK, 0, 0);
        must(::fcntl(other.fd(), F_GETLK, &who), "F_GETLK");
        expect(who.l_type == F_WRLCK && who.l_start == 2 && who.l_pid == ::getppid(),
               "F_GETLK names another owner or range");
    });
    must(lock_range(one, F_SETLK, F_UNLCK, 3, 1), "F_UNLCK in the middle");
    in_child([&] {
        const File other(scene.path("file"), O_RDWR);
        must(lock_range(other, F_SETLK, F_WRLCK, 3, 1), "F_SETLK of the unlocked byte");
        must_fail(lock_range(other, F_SETLK, F_WRLCK, 4, 1), EAGAIN, "F_SETLK behind it");
    });
}

void open_file_locks_exclude(const Scene& scene) {
    const File one(scene.write("file", "text"), O_RDWR);
    const File other(scene.path("file"), O_RDWR);
    must(lock_range(one, F_OFD_SETLK, F_WRLCK, 0, 0), "F_OFD_SETLK");
    must_fail(
        lock_range(other, F_OFD_SETLK, F_WRLCK, 0, 0), EAGAIN, "F_OFD_SETLK of a locked file");
}

void fifo_connects(const Scene& scene) {
    must(::mkfifo(scene.path("fifo").c_str(), 0600), "mkfifo");
    // Opened for both, so that neither side waits for the other.
    const File reader(scene.path("fifo"), O_RDWR | O_NONBLOCK);
    in_child([&] { File(scene.path("fifo"), O_WRONLY).write("text"); });
    std::array<char, 8> text{};
    expect(must(::read(reader.fd(), text.data(), text.size()), "read") == 4 &&
               std::string(text.data()) == "text",
           "something else is read than was written");
}

void socket_connects(const Scene& scene) {
    const sockaddr_un address = address_of(scene.path("socket"));
    const auto* const name = reinterpret_cast<const sockaddr*>(&address);
    const int listener = stream_socket();
    must(::bind(listener, name, sizeof address), "bind");
    expect(S_ISSOCK(scene.status("socket").st_mode), "its name is no socket");
    must(::listen(listener, 1), "listen");
    in_child([&] {
        const int client = stream_socket();
        must(::connect(client, name, sizeof address), "connect");
        must(::write(client, "text", 4), "write");
    });
    const int accepted = static_cast<int>(must(::accept(listener, nullptr, nullptr), "accept"));
    std::array<char, 8> text{};
    expect(::read(accepted, text.data(), text.size()) == 4, "something else is read");
    ::close(accepted);
    ::close(listener);
    must(::unlink(scene.path("socket").c_str()), "unlink");
}

void change_is_noticed(const Scene& scene) {
    const int watch = static_cast<int>(must(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "inotify"));
    must(::inotify_add_watch(watch, scene.path(".").c_str(), IN_CREATE), "inotify_add_watch");
    in_child([&] { static_cast<void>(scene.write("file", "")); });
    pollfd waiting{watch, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, kPatienceMs);
    ::close(watch);
    expect(ready == 1, "a new file is not reported");
}

}  // namespace kata::posix
