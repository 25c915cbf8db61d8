// Composition of kata-runtime: options, log, configuration, state, VM backend, then the command.
// The only place that catches everything.
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/log_setup.h"
#include "cli/options.h"
#include "cli/vm_library.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/interruption.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/config/load.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/sandbox_volumes.h"
#include "pkg/sandbox/state_store.h"

namespace kata::cli {
namespace {

void require_root() {
    if (::geteuid() != 0) {
        throw base::Error(base::ErrorCode::permission_denied,
                          "kata-runtime must run as root to use containers; use sudo");
    }
}

/// Commands that look at or end a container must work under a broken configuration, too.
template <typename Options>
constexpr bool kNeedsConfiguration =
    std::is_same_v<Options, CreateOptions> || std::is_same_v<Options, RunOptions>;

/// One record, however many there are: a file for another runtime may have dozens.
void warn_of_vain_settings(const sandbox::LoadedConfig& loaded, CommandLog& log) {
    std::string list;
    for (const std::string& setting : sandbox::settings_without_effect(loaded)) {
        list += (list.empty() ? "" : "; ") + setting;
    }
    if (!list.empty()) {
        log.warning("settings without effect: " + list);
    }
}

template <typename Options>
sandbox::RuntimeConfig configuration_for(const GlobalOptions& global, CommandLog& log) {
    // Nothing in it concerns these two, and they are called often.
    if constexpr (std::is_same_v<Options, StateOptions> || std::is_same_v<Options, ListOptions>) {
        return sandbox::built_in_config();
    }
    try {
        const auto loaded = sandbox::load_config_with_origins(global.config);
        if (kNeedsConfiguration<Options>) {
            warn_of_vain_settings(loaded, log);
        }
        return loaded.config;
    } catch (const base::Error& error) {
        if (kNeedsConfiguration<Options>) {
            throw;
        }
        log.warning(std::string(error.what()) + "; going on with the built-in configuration");
        return sandbox::built_in_config();
    }
}

/// This program with the options that matter to whoever goes on for us.
std::vector<std::string> own_command(const GlobalOptions& global) {
    std::vector<std::string> words{std::filesystem::read_symlink("/proc/self/exe"),
                                   "--root",
                                   std::filesystem::absolute(global.root)};
    if (!global.log.empty()) {
        words.insert(words.end(), {"--log", std::filesystem::absolute(global.log)});
        words.insert(words.end(), {"--log-format", global.log_as_json ? "json" : "text"});
    }
    if (!global.config.empty()) {
        words.insert(words.end(), {"--config", std::filesystem::absolute(global.config)});
    }
    if (global.debug) {
        words.emplace_back("--debug");
    }
    return words;
}

template <typename Options>
int execute_on_containers(const Options& options, const GlobalOptions& global, CommandLog& log) {
    require_root();
    base::catch_interruptions();
    sandbox::RuntimeConfig config = configuration_for<Options>(global, log);
    config.own_command = own_command(global);
    config.systemd_cgroup = global.systemd_cgroup;
    if (config.enable_debug) {
        log.enable_debug();
    }
    const sandbox::StateStore store(global.root, config.state_dir);
    VmLibrary vm(config.libvirt_uri);
    sandbox::Runtime runtime(config, store, vm, log);
    return execute(options, CommandContext{runtime, log});
}

template <typename Options>
int execute_on_volumes(const Options& options, const GlobalOptions& global, CommandLog& log) {
    require_root();
    base::catch_interruptions();
    const sandbox::RuntimeConfig config = configuration_for<Options>(global, log);
    VmLibrary vm(config.libvirt_uri);
    sandbox::SandboxVolumes sandboxes(config, vm);
    const sandbox::DirectVolumeStore store(sandbox::kDirectVolumeRoot, config.state_dir);
    return execute(options, VolumeContext{store, sandboxes});
}

int execute_command(const Invocation& invocation, CommandLog& log) {
    return std::visit(
        [&]<typename Options>(const Options& options) {
            if constexpr (requires(const CommandContext& context) { execute(options, context); }) {
                return execute_on_containers(options, invocation.global, log);
            } else if constexpr (requires(const VolumeContext& context) {
                                     execute(options, context);
                                 }) {
                return execute_on_volumes(options, invocation.global, log);
            } else if constexpr (requires(const HostContext& host) { execute(options, host); }) {
                return execute(options, HostContext{invocation.global});
            } else {
                return execute(options);
            }
        },
        invocation.command);
}

int run(const std::vector<std::string>& arguments) {
    const Invocation invocation = parse_options(arguments);
    std::optional<CommandLog> log;
    try {
        log.emplace(invocation.global);
        const int status = execute_command(invocation, *log);
        log->finish();
        return status;
    } catch (const std::exception& failure) {
        report_failure(failure, log ? &*log : nullptr);
        return failure_status(invocation.command);
    }
}

}  // namespace
}  // namespace kata::cli

int main(int argc, char** argv) {
    kata::base::open_missing_stdio();
    try {
        return kata::cli::run({argv + (argc > 0 ? 1 : 0), argv + argc});
    } catch (const std::exception& failure) {
        kata::cli::report_failure(failure, nullptr);
        return 1;
    }
}
