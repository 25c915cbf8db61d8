#include <signal.h>
#include <unistd.h>

#include <functional>
#include <optional>

#include "cli/commands.h"
#include "cli/exec_process.h"
#include "cli/foreground.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/interruption.h"
#include "pkg/base/scope_exit.h"
#include "pkg/oci/spec_json.h"
#include "pkg/oci/spec_validate.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/terminal.h"

namespace kata::cli {
namespace {

bool names_nothing(const ExecOptions& options) {
    return options.process_file.empty() && options.process.args.empty();
}

/// The process that the file describes, or the container's own one changed by the options.
std::string process_json(const ExecOptions& options,
                         const oci::ContainerId& id,
                         const CommandContext& context) {
    if (names_nothing(options)) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "process args cannot be empty; name a command after the container's id, "
                          "or a file with --process");
    }
    if (options.process_file.empty()) {
        const oci::Spec spec = context.runtime.spec(id);
        return exec_process_json(spec.process.value_or(oci::Process{}), options.process);
    }
    std::string text = base::read_file(options.process_file);
    const oci::Process process = oci::parse_process(text, options.process_file.string());
    for (const std::string& warning : oci::validate(process)) {
        context.log.warning(warning);
    }
    return text;
}

/// @param start gives the kata-shim of a process that uses our own standard streams.
int stay_with(const std::function<base::ProcessId()>& start,
              bool terminal,
              const CommandContext& context) {
    adopt_orphans();
    const base::ProcessId shim = start();
    // Whatever fails now, the process must not live on without anybody who waits for it.
    base::ScopeExit kill([&]() noexcept {
        try {
            base::send_signal(shim, SIGKILL);
        } catch (const base::Error& error) {
            context.log.warning(error.what());
        }
    });
    SignalRelay signals;
    base::throw_if_interrupted();
    std::optional<RawTerminal> raw;
    if (terminal) {
        raw.emplace(base::FdRef(STDIN_FILENO));
    }
    const int status = signals.wait_for(shim);
    kill.release();
    return status;
}

int debug_console(const oci::ContainerId& id, const CommandContext& context) {
    const bool terminal = ::isatty(STDIN_FILENO) == 1;
    return stay_with(
        [&] { return context.runtime.open_debug_console(id, terminal); }, terminal, context);
}

int exec_process(const ExecOptions& options, const CommandContext& context) {
    const oci::ContainerId id(options.id);
    if (names_nothing(options) && !options.detach) {
        return debug_console(id, context);
    }
    const sandbox::ExecRequest request = {
        .id = id,
        .process_json = process_json(options, id, context),
        .console_socket = options.console_socket,
        .pid_file = options.pid_file,
        .foreground = !options.detach,
        .ignore_paused = options.ignore_paused,
    };
    const bool terminal = oci::parse_process(request.process_json, "process").terminal;
    if (options.detach) {
        context.runtime.exec(request);
        return 0;
    }
    sandbox::require_usable_console(terminal, false, options.console_socket);
    if (terminal) {
        require_own_terminal();
    }
    return stay_with([&] { return context.runtime.exec(request); }, terminal, context);
}

}  // namespace

int execute(const ExecOptions& options, const CommandContext& context) {
    try {
        return exec_process(options, context);
    } catch (const base::Error& error) {
        throw error.with_context("exec failed");
    }
}

}  // namespace kata::cli
