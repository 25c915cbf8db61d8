#include <fcntl.h>
#include <grp.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <string>

#include "tests/posix/scene.h"

namespace kata::posix {
namespace {

constexpr uid_t kAnotherUser = 12345;
constexpr gid_t kAnotherGroup = 23456;

void become_another_user() {
    must(::setgroups(0, nullptr), "setgroups");
    must(::setresgid(kAnotherGroup, kAnotherGroup, kAnotherGroup), "setresgid");
    must(::setresuid(kAnotherUser, kAnotherUser, kAnotherUser), "setresuid");
}

void expect_mode(const struct stat& status, mode_t mode, const std::string& what) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%o", status.st_mode & 07777U);
    expect((status.st_mode & 07777U) == mode, what + ": the mode is " + text.data());
}

bool is_later(const timespec& one, const timespec& other) {
    return one.tv_sec > other.tv_sec || (one.tv_sec == other.tv_sec && one.tv_nsec > other.tv_nsec);
}

// Clocks of file systems tick with the kernel's timer.
void wait_for_the_clock() {
    const timespec pause{0, 30'000'000};
    ::nanosleep(&pause, nullptr);
}

}  // namespace

void hard_links(const Scene& scene) {
    const std::string file = scene.write("file", "one");
    must(::link(file.c_str(), scene.path("link").c_str()), "link");
    expect(scene.status("file").st_nlink == 2 && scene.status("link").st_nlink == 2,
           "st_nlink is not 2");
    expect(scene.status("file").st_ino == scene.status("link").st_ino, "the inodes differ");
    static_cast<void>(scene.write("link", "two"));
    expect(scene.read("file") == "two", "the other name has other content");
    must_fail(
        ::link(file.c_str(), scene.path("link").c_str()), EEXIST, "link to a name that is there");
    must(::unlink(file.c_str()), "unlink");
    expect(scene.status("link").st_nlink == 1, "st_nlink is not 1 again");
    expect(scene.read("link") == "two", "the link has other content");
}

void symbolic_links(const Scene& scene) {
    static_cast<void>(scene.write("file", "text"));
    must(::symlink("file", scene.path("link").c_str()), "symlink");
    must(::symlink("loop", scene.path("loop").c_str()), "symlink to itself");
    std::array<char, 64> target{};
    must(::readlink(scene.path("link").c_str(), target.data(), target.size()), "readlink");
    expect(std::string(target.data()) == "file", "readlink gives another target");
    expect(scene.read("link") == "text", "what it leads to has other content");
    must_fail(::open(scene.path("link").c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC),
              ELOOP,
              "open with O_NOFOLLOW");
    must_fail(::open(scene.path("loop").c_str(), O_RDONLY | O_CLOEXEC), ELOOP, "open of a loop");
    expect(scene.status("link").st_size == 4, "st_size is not the target's length");
}

void permission_bits(const Scene& scene) {
    const std::string file = scene.write("file", "");
    for (const mode_t mode : {0U, 0644U, 01755U, 02755U, 04755U, 07777U}) {
        must(::chmod(file.c_str(), mode), "chmod");
        expect_mode(scene.status("file"), mode, "chmod");
    }
    const mode_t before = ::umask(027);
    const File masked(scene.path("masked"), O_WRONLY | O_CREAT, 0777);
    ::umask(before);
    expect_mode(masked.status(), 0750, "umask");
}

void group_of_a_directory(const Scene& scene) {
    must(::mkdir(scene.path("group").c_str(), 0755), "mkdir");
    must(::chown(scene.path("group").c_str(), 0, kAnotherGroup), "chown");
    must(::chmod(scene.path("group").c_str(), 02777), "chmod");
    static_cast<void>(scene.write("group/file", ""));
    expect(scene.status("group/file").st_gid == kAnotherGroup,
           "a set-group-id directory does not give its group on");
    in_child([&] {
        become_another_user();
        static_cast<void>(scene.write("group/own", ""));
    });
    expect(scene.status("group/own").st_uid == kAnotherUser, "its file has another owner");
}

void permission_of_another_user(const Scene& scene) {
    const std::string secret = scene.write("secret", "text");
    must(::chmod(secret.c_str(), 0600), "chmod");
    must(::chmod(scene.path(".").c_str(), 01777), "chmod");
    in_child([&] {
        become_another_user();
        must_fail(::open(secret.c_str(), O_RDONLY | O_CLOEXEC), EACCES, "open of another's file");
        must_fail(::unlink(secret.c_str()), EPERM, "unlink in a sticky directory");
        must_fail(::chown(secret.c_str(), kAnotherUser, kAnotherGroup), EPERM, "chown");
        static_cast<void>(scene.write("own", "text"));
    });
    const struct stat own = scene.status("own");
    expect(own.st_uid == kAnotherUser && own.st_gid == kAnotherGroup,
           "its file belongs to " + std::to_string(own.st_uid) + ":" + std::to_string(own.st_gid));
}

void set_id_bits_go_with_a_write(const Scene& scene) {
    const std::string program = scene.write("program", "text");
    must(::chown(program.c_str(), kAnotherUser, kAnotherGroup), "chown");
    must(::chmod(program.c_str(), 06777), "chmod");
    in_child([&] {
        become_another_user();
        File(program, O_WRONLY).write("x");
    });
    expect_mode(scene.status("program"), 0777, "after a write");
}

void times(const Scene& scene) {
    const std::string file = scene.write("file", "text");
    const std::array<timespec, 2> set{timespec{1'000'000'000, 123'456'789},
                                      timespec{-1'000, 987'654'321}};
    must(::utimensat(AT_FDCWD, file.c_str(), set.data(), 0), "utimensat");
    struct stat status = scene.status("file");
    expect(status.st_mtim.tv_sec == -1'000, "a time before 1970 is another");
    expect(status.st_atim.tv_sec == 1'000'000'000, "the time of the last access is another");
    expect(status.st_mtim.tv_nsec == 987'654'321 && status.st_atim.tv_nsec == 123'456'789,
           "nanoseconds are lost");
    const std::array<timespec, 2> omit{timespec{0, UTIME_OMIT}, timespec{0, UTIME_NOW}};
    must(::utimensat(AT_FDCWD, file.c_str(), omit.data(), 0), "utimensat with UTIME_OMIT");
    status = scene.status("file");
    expect(status.st_atim.tv_sec == 1'000'000'000, "UTIME_OMIT changes a time");
    expect(status.st_mtim.tv_sec > 1'000'000'000, "UTIME_NOW is not now");
    wait_for_the_clock();
    File(file, O_WRONLY).write("more");
    const struct stat written = scene.status("file");
    expect(is_later(written.st_mtim, status.st_mtim), "a write does not change the mtime");
    wait_for_the_clock();
    must(::chmod(file.c_str(), 0600), "chmod");
    const struct stat changed = scene.status("file");
    expect(is_later(changed.st_ctim, written.st_ctim), "chmod does not change the ctime");
    expect(!is_later(changed.st_mtim, written.st_mtim), "chmod changes the mtime");
}

void extended_attributes(const Scene& scene) {
    const std::string file = scene.write("file", "");
    must(::setxattr(file.c_str(), "user.one", "value", 5, XATTR_CREATE), "setxattr");
    must_fail(::setxattr(file.c_str(), "user.one", "x", 1, XATTR_CREATE), EEXIST, "XATTR_CREATE");
    std::array<char, 4096> text{};
    auto length = must(::getxattr(file.c_str(), "user.one", text.data(), text.size()), "getxattr");
    expect(std::string(text.data(), static_cast<std::size_t>(length)) == "value",
           "getxattr gives another value");
    length = must(::listxattr(file.c_str(), text.data(), text.size()), "listxattr");
    expect(std::string(text.data(), static_cast<std::size_t>(length)).find("user.one") !=
               std::string::npos,
           "listxattr does not name it");
    must(::removexattr(file.c_str(), "user.one"), "removexattr");
    must_fail(::getxattr(file.c_str(), "user.one", text.data(), text.size()),
              ENODATA,
              "getxattr of a removed one");
    const std::string large(2000, 'x');
    must(::setxattr(file.c_str(), "user.large", large.data(), large.size(), 0),
         "setxattr of 2000 bytes");
}

}  // namespace kata::posix
