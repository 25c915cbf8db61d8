#include "pkg/agent/guest/cgroup.h"

#include <charconv>
#include <sstream>
#include <string>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

namespace fs = std::filesystem;

void add_processes(const fs::path& directory, std::set<pid_t>& processes) {
    std::istringstream pids(base::try_read_file(directory / "cgroup.procs").value_or(""));
    pid_t pid = 0;
    while (pids >> pid) {
        if (pid > 0) {
            processes.insert(pid);
        }
    }
}

}  // namespace

Cgroup Cgroup::of_process(pid_t pid, const fs::path& root) {
    const auto text = base::try_read_file("/proc/" + std::to_string(pid) + "/cgroup");
    std::istringstream lines(text.value_or(""));
    std::string line;
    while (std::getline(lines, line)) {
        const std::string path = line.starts_with("0::/") ? line.substr(4) : "";
        // A group that was removed, or lies outside of what we see, is nobody's.
        if (!path.empty() && !path.starts_with("..") && !path.ends_with(" (deleted)")) {
            return Cgroup(root / path);
        }
    }
    return {};
}

std::set<pid_t> Cgroup::processes() const {
    std::set<pid_t> processes;
    if (!known()) {
        return processes;
    }
    add_processes(directory_, processes);
    std::error_code gone;
    for (fs::recursive_directory_iterator entry(directory_, gone), end; !gone && entry != end;
         entry.increment(gone)) {
        std::error_code ignored;
        if (entry->is_directory(ignored)) {
            add_processes(entry->path(), processes);
        }
    }
    return processes;
}

void Cgroup::kill() const {
    std::error_code ignored;
    if (known() && fs::exists(directory_, ignored)) {
        try {
            base::write_existing_file(directory_ / "cgroup.kill", "1");
        } catch (const base::Error& error) {
            if (error.code() != base::ErrorCode::not_found) {
                throw;
            }
        }
    }
}

}  // namespace kata::agent::guest
