#include "cli/exit_code.h"

#include <signal.h>
#include <unistd.h>

#include <string>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::cli {
namespace {

constexpr int kFailure = 1;
constexpr int kExecFailure = 255;

std::string message_of(const std::exception& failure) {
    if (dynamic_cast<const base::Error*>(&failure) != nullptr) {
        return base::printable(failure.what());
    }
    return "internal error: " + base::printable(failure.what()) +
           "; please report it with the output of --debug";
}

}  // namespace

int failure_status(const CommandOptions& command) {
    return std::holds_alternative<ExecOptions>(command) ? kExecFailure : kFailure;
}

void report_failure(const std::exception& failure, CommandLog* log) noexcept {
    // An engine may have closed its end of standard error; the exit status must still be ours.
    ::signal(SIGPIPE, SIG_IGN);
    // Each of the two is tried even if the other one fails; nobody is left to be told.
    std::string message = "internal error: out of memory";
    try {
        message = message_of(failure);
        if (log != nullptr) {
            log->error(message);
        }
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    }
    if (log != nullptr && log->is_standard_error()) {
        return;
    }
    try {
        base::write_all(base::FdRef(STDERR_FILENO), message + "\n", "standard error");
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    }
}

}  // namespace kata::cli
