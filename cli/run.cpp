#include <signal.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/foreground.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/interruption.h"
#include "pkg/base/scope_exit.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/terminal.h"

namespace kata::cli {
namespace {

constexpr int kKilled = 128 + SIGKILL;  // what kata-shim makes of a lost VM

/// Removal whose failure must not hide how the workload ended: it is only logged.
void remove_quietly(const oci::ContainerId& id, const CommandContext& context) noexcept {
    try {
        context.runtime.remove(id, true);
    } catch (const std::exception& error) {
        context.log.warning("cannot remove container \"" + id.str() + "\": " + error.what() +
                            "; use \"kata-runtime delete --force " + id.str() + "\"");
    }
}

/// A workload that was killed with its VM ends like one that was killed alone: one line tells the
/// difference to whoever waits at the terminal.
void tell_lost_vm(const oci::ContainerId& id, const CommandContext& context) {
    try {
        if (context.runtime.vm_is_gone(id)) {
            const std::string message = "the VM of container \"" + id.str() +
                                        "\" has ended under it (destroyed, killed or crashed)";
            context.log.warning(message);
            base::write_all(base::FdRef(STDERR_FILENO), message + "\n", "standard error");
        }
    } catch (const base::Error& error) {
        context.log.warning(error.what());
    }
}

int run_in_foreground(const RunOptions& options,
                      const oci::ContainerId& id,
                      bool terminal,
                      const CommandContext& context) {
    if (!options.no_subreaper) {
        adopt_orphans();
    }
    const base::ProcessId shim = create_container(options.create, false, context);
    base::ScopeExit remove([&]() noexcept { remove_quietly(id, context); });

    // From here on an interruption is the workload's business, unless it came before.
    SignalRelay signals;
    base::throw_if_interrupted();
    std::optional<RawTerminal> raw;
    if (terminal) {
        raw.emplace(base::FdRef(STDIN_FILENO));
    }
    context.runtime.start(id);
    const int status = signals.wait_for(shim);
    raw.reset();
    if (status == kKilled) {
        tell_lost_vm(id, context);
    }
    if (options.keep) {
        remove.release();
    }
    return status;
}

}  // namespace

int execute(const RunOptions& options, const CommandContext& context) {
    const oci::ContainerId id(options.create.id);
    const bool terminal = wants_terminal(options.create);
    if (!options.detach) {
        sandbox::require_usable_console(terminal, false, options.create.console_socket);
        if (terminal) {
            require_own_terminal();
        }
        return run_in_foreground(options, id, terminal, context);
    }
    create_container(options.create, true, context);
    base::ScopeExit remove([&]() noexcept { remove_quietly(id, context); });
    context.runtime.start(id);
    remove.release();
    return 0;
}

}  // namespace kata::cli
