// Scene: what a check of test-posix works with: an empty directory of its own, and calls that say
// in one exception what went differently from what a program may expect.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

namespace kata::posix {

/// What a program would not have expected; its text is the row of the table.
class Difference : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// @throws Difference with `what` unless `holds`.
void expect(bool holds, const std::string& what);

/// Passes a system call's result on. @throws Difference "`what`: <text of errno>" for -1.
std::int64_t must(std::int64_t result, const std::string& what);

/// The call has to fail with this errno.
void must_fail(std::int64_t result, int error_number, const std::string& what);

class File {
  public:
    File(const std::string& path, int flags, mode_t mode = 0644);
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    File(File&&) = delete;
    File& operator=(File&&) = delete;
    ~File();

    [[nodiscard]] int fd() const { return fd_; }
    void write(const std::string& text) const;
    void write_at(off_t offset, const std::string& text) const;
    /// At most 64 KiB from the offset.
    [[nodiscard]] std::string read_at(off_t offset) const;
    [[nodiscard]] struct stat status() const;

  private:
    int fd_;
};

class Scene {
  public:
    /// Makes `directory`.
    explicit Scene(std::string directory);

    [[nodiscard]] std::string path(const std::string& name) const {
        return directory_ + "/" + name;
    }
    [[nodiscard]] std::string write(const std::string& name, const std::string& text) const;
    [[nodiscard]] std::string read(const std::string& name) const;
    [[nodiscard]] struct stat status(const std::string& name) const;
    [[nodiscard]] bool exists(const std::string& name) const;

  private:
    std::string directory_;
};

/// Runs `part` in a child process, whose Difference becomes this one's.
void in_child(const std::function<void()>& part);

using Check = void (*)(const Scene&);

// checks_names.cpp: names, directories, renames.
void rename_over_an_open_file(const Scene& scene);
void rename_across_directories(const Scene& scene);
void rename_with_flags(const Scene& scene);
void unlinked_file_stays_open(const Scene& scene);
void directory_of_100000_entries(const Scene& scene);
void long_and_odd_names(const Scene& scene);
void temporary_file_without_a_name(const Scene& scene);

// checks_links.cpp: links, permissions, times, attributes.
void hard_links(const Scene& scene);
void symbolic_links(const Scene& scene);
void permission_bits(const Scene& scene);
void group_of_a_directory(const Scene& scene);
void permission_of_another_user(const Scene& scene);
void set_id_bits_go_with_a_write(const Scene& scene);
void times(const Scene& scene);
void extended_attributes(const Scene& scene);

// checks_data.cpp: what is in files.
void append(const Scene& scene);
void shared_mapping(const Scene& scene);
void private_mapping(const Scene& scene);
void sparse_file(const Scene& scene);
void allocation(const Scene& scene);
void hole_is_punched(const Scene& scene);
void copy_within_the_file_system(const Scene& scene);

// checks_sharing.cpp: between processes.
void flock_excludes(const Scene& scene);
void record_locks_exclude(const Scene& scene);
void open_file_locks_exclude(const Scene& scene);
void fifo_connects(const Scene& scene);
void socket_connects(const Scene& scene);
void change_is_noticed(const Scene& scene);

}  // namespace kata::posix
