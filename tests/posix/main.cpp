// test-posix DIRECTORY [brief]: what programs expect of a file system, tried below the directory.
// One line for each check: its name, a tab, and "ok" or what was different. Brief: without those
// that take long.
//
// test-posix append FILE WRITER COUNT: appends COUNT numbered lines to the file, each with its own
// write(2), while somebody else does the same.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/posix/scene.h"

namespace kata::posix {
namespace {

struct NamedCheck {
    const char* name;
    Check check;
    bool takes_long = false;
};

constexpr std::array kChecks{
    NamedCheck{"rename over an open file", rename_over_an_open_file},
    NamedCheck{"rename across directories", rename_across_directories},
    NamedCheck{"rename with flags", rename_with_flags},
    NamedCheck{"unlinked and open", unlinked_file_stays_open},
    NamedCheck{"100,000 entries", directory_of_100000_entries, true},
    NamedCheck{"long and odd names", long_and_odd_names},
    NamedCheck{"O_TMPFILE", temporary_file_without_a_name},
    NamedCheck{"hard links", hard_links},
    NamedCheck{"symbolic links", symbolic_links},
    NamedCheck{"permission bits", permission_bits},
    NamedCheck{"another user", permission_of_another_user},
    NamedCheck{"set-id bits go", set_id_bits_go_with_a_write},
    NamedCheck{"times", times},
    NamedCheck{"xattr", extended_attributes},
    NamedCheck{"O_APPEND", append},
    NamedCheck{"mmap shared", shared_mapping},
    NamedCheck{"mmap private", private_mapping},
    NamedCheck{"sparse files", sparse_file},
    NamedCheck{"fallocate", allocation},
    NamedCheck{"punch hole", hole_is_punched},
    NamedCheck{"copy_file_range", copy_within_the_file_system},
    NamedCheck{"flock", flock_excludes},
    NamedCheck{"fcntl locks", record_locks_exclude},
    NamedCheck{"open file locks", open_file_locks_exclude},
    NamedCheck{"FIFO", fifo_connects},
    NamedCheck{"unix socket", socket_connects},
    NamedCheck{"inotify", change_is_noticed},
    // The last: QEMU's 9p helper does not survive it.
    NamedCheck{"set-group-id directory", group_of_a_directory},
};

std::string result_of(Check check, const std::string& directory) {
    try {
        check(Scene(directory));
    } catch (const Difference& difference) {
        return difference.what();
    }
    return "ok";
}

int run_checks(const std::string& directory, bool brief) {
    for (std::size_t number = 0; number < kChecks.size(); ++number) {
        const NamedCheck& check = kChecks.at(number);
        if (brief && check.takes_long) {
            continue;
        }
        const std::string result =
            result_of(check.check, directory + "/check-" + std::to_string(number));
        std::printf("%s\t%s\n", check.name, result.c_str());
        std::fflush(stdout);
    }
    return EXIT_SUCCESS;
}

int append_lines(const std::string& path, const std::string& writer, int count) {
    const File file(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    for (int line = 0; line < count; ++line) {
        file.write(writer + " " + std::to_string(line) + "\n");
    }
    return EXIT_SUCCESS;
}

}  // namespace
}  // namespace kata::posix

int main(int argc, char** argv) {
    try {
        const bool brief = argc == 3 && std::strcmp(argv[2], "brief") == 0;
        if (argc == 2 || brief) {
            return kata::posix::run_checks(argv[1], brief);
        }
        if (argc == 5 && std::strcmp(argv[1], "append") == 0) {
            return kata::posix::append_lines(argv[2], argv[3], std::atoi(argv[4]));
        }
    } catch (const kata::posix::Difference& difference) {
        std::fprintf(stderr, "test-posix: %s\n", difference.what());
        return EXIT_FAILURE;
    }
    std::fputs("usage: test-posix DIRECTORY [brief] | append FILE WRITER COUNT\n", stderr);
    return EXIT_FAILURE;
}
