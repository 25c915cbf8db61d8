#include "pkg/agent/guest/process_list.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <optional>
#include <sstream>

#include "pkg/agent/guest/launcher.h"
#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kPs = "/usr/bin/ps";
constexpr std::chrono::seconds kPsTime{30};
constexpr std::size_t kMaxOutput = std::size_t{2} << 20;

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream stream(line);
    return {std::istream_iterator<std::string>(stream), std::istream_iterator<std::string>()};
}

std::size_t pid_column(const std::string& header) {
    const auto words = words_of(header);
    const auto found = std::find(words.begin(), words.end(), "PID");
    if (found == words.end()) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot list processes: the output of ps has no column PID");
    }
    return static_cast<std::size_t>(found - words.begin());
}

std::optional<pid_t> pid_in(const std::string& row, std::size_t column) {
    const auto words = words_of(row);
    pid_t pid = 0;
    if (column >= words.size()) {
        return std::nullopt;
    }
    const std::string& word = words[column];
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), pid);
    return parsed.ec == std::errc() ? std::optional(pid) : std::nullopt;
}

base::UniqueFd make_capture() {
    base::UniqueFd fd(::memfd_create("output", MFD_CLOEXEC));
    if (!fd.valid()) {
        throw base::errno_error("create", "a file in memory", errno);
    }
    return fd;
}

std::string captured(const base::UniqueFd& fd) {
    struct stat status {};
    ::fstat(fd.get(), &status);
    std::string text(std::min(kMaxOutput, static_cast<std::size_t>(status.st_size)), '\0');
    const ssize_t count = ::pread(fd.get(), text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
}

}  // namespace

std::string rows_of_processes(const std::string& ps_output, const std::set<pid_t>& processes) {
    std::istringstream lines(ps_output);
    std::string line;
    std::getline(lines, line);
    const std::size_t column = pid_column(line);
    std::string kept = line + "\n";
    while (std::getline(lines, line)) {
        const auto pid = pid_in(line, column);
        if (pid && processes.contains(*pid)) {
            kept += line + "\n";
        }
    }
    return kept;
}

std::string list_processes(Reaper& reaper,
                           const Cgroup& cgroup,
                           const std::vector<std::string>& args) {
    const base::UniqueFd output = make_capture();
    const base::UniqueFd error = make_capture();
    LaunchSpec spec;
    spec.program = kPs;
    spec.args = args.empty() ? std::vector<std::string>{"-ef"} : args;
    spec.standard_output = output.get();
    spec.standard_error = error.get();
    const int exit_code = launch_and_wait(spec, reaper, base::Deadline::after(kPsTime));
    const std::string text = captured(output);
    if (exit_code != 0 && text.empty()) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot list processes: ps failed",
                    base::printable(captured(error), 512));
    }
    return rows_of_processes(text, cgroup.processes());
}

}  // namespace kata::agent::guest
