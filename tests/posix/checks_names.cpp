#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <set>
#include <string>

#include <climits>

#include "tests/posix/scene.h"

namespace kata::posix {
namespace {

constexpr int kManyEntries = 100'000;

void make_directory(const Scene& scene, const std::string& name) {
    must(::mkdir(scene.path(name).c_str(), 0755), "mkdir");
}

int rename_in(const Scene& scene, const std::string& from, const std::string& to) {
    return std::rename(scene.path(from).c_str(), scene.path(to).c_str());
}

int rename_by(const Scene& scene, const std::string& from, const std::string& to, unsigned flags) {
    return ::renameat2(AT_FDCWD, scene.path(from).c_str(), AT_FDCWD, scene.path(to).c_str(), flags);
}

std::set<std::string> names_in(const std::string& directory) {
    DIR* const stream = ::opendir(directory.c_str());
    must(stream == nullptr ? -1 : 0, "opendir");
    std::set<std::string> names;
    bool repeated = false;
    while (const dirent* entry = ::readdir(stream)) {
        repeated |= !names.insert(entry->d_name).second;
    }
    ::closedir(stream);
    expect(!repeated, "readdir returns an entry twice");
    names.erase(".");
    names.erase("..");
    return names;
}

}  // namespace

void rename_over_an_open_file(const Scene& scene) {
    static_cast<void>(scene.write("old", "old"));
    static_cast<void>(scene.write("new", "new"));
    const File old(scene.path("old"), O_RDWR);
    must(rename_in(scene, "new", "old"), "rename");
    expect(old.read_at(0) == "old", "the open file has other content");
    expect(old.status().st_nlink == 0, "the open file still has a name");
    old.write_at(3, "er");
    expect(old.read_at(0) == "older", "the open file cannot be written");
    expect(scene.read("old") == "new", "the name has other content");
    expect(!scene.exists("new"), "the former name is still there");
}

void rename_across_directories(const Scene& scene) {
    make_directory(scene, "a");
    make_directory(scene, "b");
    make_directory(scene, "a/moved");
    static_cast<void>(scene.write("a/moved/file", "text"));
    const File open(scene.path("a/moved/file"), O_RDONLY);
    expect(scene.status("a").st_nlink == 3 || scene.status("a").st_nlink == 1,
           "a directory does not count its subdirectories");
    must(rename_in(scene, "a/moved", "b/arrived"), "rename of a directory");
    expect(scene.read("b/arrived/file") == "text", "the moved tree has other content");
    expect(open.status().st_ino == scene.status("b/arrived/file").st_ino, "the inode changes");
    expect(scene.status("b/arrived/..").st_ino == scene.status("b").st_ino,
           "\"..\" is still the former parent");
    expect(!scene.exists("a/moved"), "the former name is still there");
    must(rename_in(scene, "b/arrived/file", "a/file"), "rename of a file");
    make_directory(scene, "a/full");
    static_cast<void>(scene.write("a/full/file", ""));
    must_fail(rename_in(scene, "b/arrived", "a/full"), ENOTEMPTY, "rename over a full directory");
    must_fail(rename_in(scene, "a", "a/full/a"), EINVAL, "rename into itself");
}

void rename_with_flags(const Scene& scene) {
    static_cast<void>(scene.write("one", "1"));
    static_cast<void>(scene.write("two", "2"));
    must_fail(rename_by(scene, "one", "two", RENAME_NOREPLACE), EEXIST, "RENAME_NOREPLACE");
    must(rename_by(scene, "one", "two", RENAME_EXCHANGE), "RENAME_EXCHANGE");
    expect(scene.read("one") == "2" && scene.read("two") == "1", "RENAME_EXCHANGE does nothing");
}

void unlinked_file_stays_open(const Scene& scene) {
    const File file(scene.path("file"), O_RDWR | O_CREAT);
    file.write("before");
    must(::unlink(scene.path("file").c_str()), "unlink");
    expect(!scene.exists("file"), "the name is still there");
    expect(names_in(scene.path(".")).empty(), "readdir still shows it");
    file.write_at(6, " and after");
    expect(file.read_at(0) == "before and after", "the open file has other content");
    expect(file.status().st_nlink == 0, "st_nlink is " + std::to_string(file.status().st_nlink));
    must(::ftruncate(file.fd(), 3), "ftruncate");
    must(::fchmod(file.fd(), 0600), "fchmod");
    expect(file.status().st_size == 3, "ftruncate does nothing");
    make_directory(scene, "directory");
    const File directory(scene.path("directory"), O_RDONLY | O_DIRECTORY);
    must(::rmdir(scene.path("directory").c_str()), "rmdir");
    must_fail(::openat(directory.fd(), "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600),
              ENOENT,
              "create in a removed directory");
}

// They may be there already, made on the host.
void directory_of_100000_entries(const Scene& scene) {
    const std::string prepared = scene.path("../many");
    std::string directory = prepared;
    if (::access(prepared.c_str(), F_OK) != 0) {
        directory = scene.path("many");
        make_directory(scene, "many");
        for (int number = 0; number < kManyEntries; ++number) {
            must(::mknod((directory + "/" + std::to_string(number)).c_str(), S_IFREG | 0644, 0),
                 "mknod");
        }
    }
    const std::set<std::string> names = names_in(directory);
    expect(names.size() == kManyEntries, "readdir finds " + std::to_string(names.size()));
    for (int number = 0; number < kManyEntries; number += 9'999) {
        expect(names.contains(std::to_string(number)), "an entry is missing");
        struct stat status {};
        must(::lstat((directory + "/" + std::to_string(number)).c_str(), &status), "lstat");
    }
    must(::unlink((directory + "/77777").c_str()), "unlink");
    expect(names_in(directory).size() == kManyEntries - 1, "an unlinked entry is still there");
}

void long_and_odd_names(const Scene& scene) {
    const std::string longest(NAME_MAX, 'x');
    for (const std::string& name :
         {longest, std::string("two\nlines"), std::string("\xff\xfe"), std::string(" -rf *")}) {
        expect(scene.read((static_cast<void>(scene.write(name, name)), name)) == name,
               "a file has other content");
    }
    expect(names_in(scene.path(".")).size() == 4, "readdir does not find all of them");
    must_fail(::mkdir(scene.path(longest + "x").c_str(), 0755), ENAMETOOLONG, "a longer name");
}

void temporary_file_without_a_name(const Scene& scene) {
    const File file(scene.path("."), O_TMPFILE | O_RDWR, 0600);
    file.write("text");
    expect(names_in(scene.path(".")).empty(), "it has a name");
    must(::linkat(AT_FDCWD,
                  ("/proc/self/fd/" + std::to_string(file.fd())).c_str(),
                  AT_FDCWD,
                  scene.path("named").c_str(),
                  AT_SYMLINK_FOLLOW),
         "linkat");
    expect(scene.read("named") == "text", "its name has other content");
}

}  // namespace kata::posix
