#include "pkg/base/process.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <string>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/unique_fd.h"

namespace kata::base {

namespace {

struct ProcessStat {
    std::string state;
    pid_t session = 0;
    std::uint64_t start_time = 0;
};

std::optional<ProcessStat> read_stat(pid_t pid) {
    const auto stat = try_read_file("/proc/" + std::to_string(pid) + "/stat");
    // The command name may hold blanks and brackets: fields are counted from its last bracket.
    const auto name_end = stat ? stat->rfind(')') : std::string::npos;
    if (name_end == std::string::npos) {
        return std::nullopt;
    }
    std::istringstream fields(stat->substr(name_end + 1));
    ProcessStat process;
    std::string skipped;
    fields >> process.state >> skipped >> skipped >> process.session;
    for (int field = 7; field < 22; ++field) {
        fields >> skipped;
    }
    fields >> process.start_time;
    return fields ? std::optional(process) : std::nullopt;
}

bool is_dead(const ProcessStat& process) {
    return process.state == "Z" || process.state == "X";
}

std::vector<ProcessId> members_of_session(pid_t session) {
    std::vector<ProcessId> members;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", failure)) {
        pid_t pid = 0;
        const std::string name = entry.path().filename();
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error != std::errc() || end != name.data() + name.size()) {
            continue;
        }
        const auto stat = read_stat(pid);
        if (stat && stat->session == session && !is_dead(*stat)) {
            members.push_back({pid, stat->start_time});
        }
    }
    return members;
}

}  // namespace

std::optional<ProcessId> find_process(pid_t pid) {
    const auto stat = pid > 0 ? read_stat(pid) : std::nullopt;
    if (!stat || is_dead(*stat)) {
        return std::nullopt;
    }
    return ProcessId{pid, stat->start_time};
}

bool is_alive(const ProcessId& process) {
    return find_process(process.pid) == process;
}

bool send_signal(const ProcessId& process, int signal) {
    if (process.pid <= 0) {
        return false;
    }
    const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
    if (!pidfd.valid() && errno != ESRCH) {
        throw errno_error("signal process", std::to_string(process.pid), errno);
    }
    // The pidfd is pinned first, then the identity is compared: no recycling can slip in between.
    if (!pidfd.valid() || !is_alive(process)) {
        return false;
    }
    if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0) {
        return true;
    }
    if (errno == ESRCH) {
        return false;
    }
    throw errno_error("signal process", std::to_string(process.pid), errno);
}

void kill_session(const ProcessId& leader) {
    // The number of a session is in use, and no process gets it, until its last member has ended.
    const auto now = leader.pid > 0 ? read_stat(leader.pid) : std::nullopt;
    if (leader.pid <= 0 || (now && now->start_time != leader.start_time)) {
        return;
    }
    send_signal(leader, SIGKILL);
    for (const ProcessId& member : members_of_session(leader.pid)) {
        if (member.start_time >= leader.start_time) {
            send_signal(member, SIGKILL);
        }
    }
}

}  // namespace kata::base
