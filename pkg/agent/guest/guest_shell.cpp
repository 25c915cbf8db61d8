#include "pkg/agent/guest/guest_shell.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include <nlohmann/json.hpp>

#include "pkg/agent/guest/launcher.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

bool wants_terminal(const std::string& process_json) {
    const auto process = nlohmann::json::parse(process_json, nullptr, false);
    if (!process.is_object()) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot read the process: not a JSON object");
    }
    const auto terminal = process.find("terminal");
    return terminal != process.end() && terminal->is_boolean() && terminal->get<bool>();
}

struct Terminal {
    base::UniqueFd master;
    base::UniqueFd slave;
};

Terminal make_terminal() {
    base::UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    std::array<char, 64> name{};
    if (!master.valid() || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
        ::ptsname_r(master.get(), name.data(), name.size()) != 0) {
        throw base::errno_error("make", "a terminal", errno);
    }
    base::UniqueFd slave = base::open_file(name.data(), O_RDWR | O_NOCTTY);
    return {std::move(master), std::move(slave)};
}

LaunchSpec shell(const std::string& program, int input, int output, int error) {
    if (::access(program.c_str(), X_OK) != 0) {
        throw base::Error(base::ErrorCode::not_found,
                          "cannot open a debug console: the guest has no " + program);
    }
    LaunchSpec spec;
    spec.program = program;
    spec.standard_input = input;
    spec.standard_output = output;
    spec.standard_error = error;
    return spec;
}

}  // namespace

StartedProcess start_guest_shell(const std::string& process_json,
                                 Reaper& reaper,
                                 const std::string& program) {
    if (!wants_terminal(process_json)) {
        StdioPipes pipes = make_stdio_pipes();
        const ProcessStdio& stdio = pipes.process;
        const pid_t pid = launch(
            shell(program, stdio.input.get(), stdio.output.get(), stdio.error.get()), reaper);
        return {pid, std::move(pipes.agent)};
    }
    Terminal terminal = make_terminal();
    const int slave = terminal.slave.get();
    LaunchSpec spec = shell(program, slave, slave, slave);
    spec.controlling_terminal = true;
    const pid_t pid = launch(spec, reaper);
    return {pid, io_of_terminal(std::move(terminal.master))};
}

}  // namespace kata::agent::guest
