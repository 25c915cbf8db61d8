#include "pkg/base/process.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <string>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/unique_fd.h"

namespace kata::base {

std::optional<ProcessId> find_process(pid_t pid) {
    if (pid <= 0) {
        return std::nullopt;
    }
    const auto stat = try_read_file("/proc/" + std::to_string(pid) + "/stat");
    // The command name may hold blanks and brackets: fields are counted from its last bracket.
    const auto name_end = stat ? stat->rfind(')') : std::string::npos;
    if (name_end == std::string::npos) {
        return std::nullopt;
    }
    std::istringstream fields(stat->substr(name_end + 1));
    std::string state;
    fields >> state;
    if (state == "Z" || state == "X") {
        return std::nullopt;
    }
    std::string skipped;
    for (int field = 4; field < 22; ++field) {
        fields >> skipped;
    }
    ProcessId process{pid, 0};
    fields >> process.start_time;
    return fields ? std::optional(process) : std::nullopt;
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

}  // namespace kata::base
