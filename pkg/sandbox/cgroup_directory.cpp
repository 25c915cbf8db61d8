#include "pkg/sandbox/cgroup_directory.h"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <sstream>
#include <system_error>
#include <thread>

#include "pkg/base/deadline.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/process.h"

namespace kata::sandbox {
namespace {

// Only the host's root can set it, and it goes with the directory.
constexpr const char* kMark = "trusted.kata-runtime";

// Where the kernel keeps no such attribute, the container that made a directory must be the last
// one in it, or the directory stays.
void mark_as_own(const std::filesystem::path& directory) {
    static_cast<void>(::setxattr(directory.c_str(), kMark, "1", 1, 0));
}

bool is_own(const std::filesystem::path& directory) {
    return ::lgetxattr(directory.c_str(), kMark, nullptr, 0) >= 0;
}

void copy_cpuset_down(const std::filesystem::path& mount_point,
                      const std::filesystem::path& directory) {
    for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
        const auto current = base::try_read_file(directory / file);
        if (directory == mount_point || !current || current->find_first_not_of('\n') == 0) {
            continue;
        }
        if (const auto parent = base::try_read_file(directory.parent_path() / file)) {
            base::write_existing_file(directory / file, *parent);
        }
    }
}

// A directory of v2 has only the controllers that its parent hands down. A parent that has
// processes of its own cannot, and then its group is what is accounted.
void hand_controllers_down(const std::filesystem::path& parent) {
    for (const char* controller : {"+cpu", "+cpuset", "+memory", "+pids", "+io"}) {
        try {
            base::write_existing_file(parent / "cgroup.subtree_control", controller);
        } catch (const base::Error&) {
            continue;
        }
    }
}

bool is_cgroup_directory(const std::filesystem::path& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool has_living_process(const std::filesystem::path& directory) {
    std::istringstream pids(base::try_read_file(directory / "cgroup.procs").value_or(""));
    for (pid_t pid = 0; pids >> pid;) {
        if (base::find_process(pid)) {
            return true;
        }
    }
    return false;
}

// A process that has just been killed still counts until it is reaped. One that lives on is
// somebody else's: ours are gone before their cgroup is.
bool remove_empty_cgroup(const std::filesystem::path& directory) {
    const auto ours_end = base::Deadline::after(std::chrono::milliseconds(300));
    const auto deadline = base::Deadline::after(std::chrono::seconds(2));
    while (::rmdir(directory.c_str()) != 0 && errno != ENOENT) {
        const int error_number = errno;
        if (error_number == EBUSY && ours_end.passed() && has_living_process(directory)) {
            return false;
        }
        if (error_number != EBUSY || deadline.passed()) {
            throw base::errno_error("remove cgroup", directory.native(), error_number);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

}  // namespace

void make_cgroup_directory(const CgroupHierarchy& hierarchy,
                           const std::filesystem::path& directory) {
    if (directory == hierarchy.mount_point) {
        return;
    }
    make_cgroup_directory(hierarchy, directory.parent_path());
    if (hierarchy.unified) {
        hand_controllers_down(directory.parent_path());
    }
    // Whoever deletes the last container of a parent removes the parent, too.
    int failed = ::mkdir(directory.c_str(), 0755);
    for (int attempts = 10; failed != 0 && errno == ENOENT && attempts > 0; --attempts) {
        make_cgroup_directory(hierarchy, directory.parent_path());
        failed = ::mkdir(directory.c_str(), 0755);
    }
    if (failed == 0) {
        mark_as_own(directory);
    } else if (errno != EEXIST) {
        throw base::errno_error("create cgroup", directory.native(), errno);
    }
    if (hierarchy.has_cpuset) {
        copy_cpuset_down(hierarchy.mount_point, directory);
    }
}

std::vector<std::filesystem::path> own_cgroup_parents(const CgroupHierarchy& hierarchy,
                                                      const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> own;
    if (directory == hierarchy.mount_point) {
        return own;
    }
    for (auto above = directory.parent_path(); above != hierarchy.mount_point;
         above = above.parent_path()) {
        if (!is_cgroup_directory(above) || is_own(above)) {
            own.insert(own.begin(), above);
        }
    }
    return own;
}

bool remove_cgroup(const std::filesystem::path& directory) {
    if (!is_cgroup_directory(directory)) {
        return true;
    }
    bool removed = true;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(directory, failure)) {
        if (entry.is_directory(failure) && !entry.is_symlink()) {
            removed = remove_cgroup(entry.path()) && removed;
        }
    }
    return removed && remove_empty_cgroup(directory);
}

}  // namespace kata::sandbox
