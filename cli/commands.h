// One function for each command: what the options ask for, done through Runtime. Each lies in the
// file of its command's name. They write results to standard output and nothing else.
//
// Every function: @return the exit status. @throws base::Error
#pragma once

#include <string_view>

#include "cli/options.h"
#include "pkg/base/log.h"
#include "pkg/base/process.h"

namespace kata::sandbox {
class DirectVolumeStore;
class Runtime;
class VolumeVm;
}  // namespace kata::sandbox

namespace kata::cli {

/// What commands on containers work with; borrowed from main.
struct CommandContext {
    sandbox::Runtime& runtime;
    base::Log& log;
};

/// What commands on direct-assigned volumes work with; borrowed from main.
struct VolumeContext {
    const sandbox::DirectVolumeStore& store;
    sandbox::VolumeVm& vm;  // reached at its first use
};

/// What commands on the host itself work with: they need no root, and a configuration that cannot
/// be used is one of their findings.
struct HostContext {
    const GlobalOptions& global;
};

int execute(const CreateOptions& options, const CommandContext& context);
int execute(const StartOptions& options, const CommandContext& context);
int execute(const RunOptions& options, const CommandContext& context);
int execute(const ExecOptions& options, const CommandContext& context);
int execute(const StateOptions& options, const CommandContext& context);
int execute(const ListOptions& options, const CommandContext& context);
int execute(const KillOptions& options, const CommandContext& context);
int execute(const DeleteOptions& options, const CommandContext& context);
int execute(const PsOptions& options, const CommandContext& context);
int execute(const NetworkOptions& options, const CommandContext& context);
int execute(const PauseOptions& options, const CommandContext& context);
int execute(const ResumeOptions& options, const CommandContext& context);
int execute(const UpdateOptions& options, const CommandContext& context);
int execute(const EventsOptions& options, const CommandContext& context);

int execute(const DirectVolumeOptions& options, const VolumeContext& context);

int execute(const ConfigOptions& options, const HostContext& context);
int execute(const CheckOptions& options, const HostContext& context);
int execute(const EnvOptions& options, const HostContext& context);

int execute(const SpecOptions& options);
int execute(const FeaturesOptions& options);
int execute(const VersionOptions& options);
int execute(const ConfigPathsOptions& options);
int execute(const HelpOptions& options);

/// Shows the help that a misuse calls for, then throws it as an error.
int execute(const Misuse& misuse);

/// create's work, which is also run's first half. @param detach whether the caller returns before
/// the workload ends.
base::ProcessId create_container(const CreateOptions& options,
                                 bool detach,
                                 const CommandContext& context);

/// Whether the bundle asks for a terminal.
[[nodiscard]] bool wants_terminal(const CreateOptions& options);

void write_output(std::string_view text);

}  // namespace kata::cli
