// For every command and for the program itself: which options there are, and what its positional
// arguments mean. add_flags() declares the options of a command, to be stored in `options`;
// take_positionals() gets as many words as command_texts() allows for the command.
#pragma once

#include "cli/options.h"
#include "cli/options_flag_set.h"

namespace kata::cli {

/// What exec's options store in beside ExecOptions.
struct ExecFlags : ExecOptions {
    bool no_new_privileges = false;
};

/// What the global options store in beside GlobalOptions.
struct GlobalFlags : GlobalOptions {
    bool show_config_paths = false;
    bool version = false;
};

// options_lifecycle.cpp
void add_flags(FlagSet& flags, CreateOptions& options);
void add_flags(FlagSet& flags, RunOptions& options);
void add_flags(FlagSet& flags, StartOptions& options);
void add_flags(FlagSet& flags, KillOptions& options);
void add_flags(FlagSet& flags, DeleteOptions& options);
void take_positionals(CreateOptions& options, const Positionals& words);
void take_positionals(RunOptions& options, const Positionals& words);
void take_positionals(StartOptions& options, const Positionals& words);
void take_positionals(KillOptions& options, const Positionals& words);
void take_positionals(DeleteOptions& options, const Positionals& words);

// options_exec.cpp
void add_flags(FlagSet& flags, ExecFlags& options);
/// @throws base::Error invalid_argument: nothing to run
void take_positionals(ExecFlags& options, const Positionals& words);

// options_query.cpp
void add_flags(FlagSet& flags, StateOptions& options);
void add_flags(FlagSet& flags, ListOptions& options);
void add_flags(FlagSet& flags, PsOptions& options);
void add_flags(FlagSet& flags, SpecOptions& options);
void add_flags(FlagSet& flags, FeaturesOptions& options);
void add_flags(FlagSet& flags, VersionOptions& options);
void add_flags(FlagSet& flags, HelpOptions& options);
void take_positionals(StateOptions& options, const Positionals& words);
void take_positionals(ListOptions& options, const Positionals& words);
void take_positionals(PsOptions& options, const Positionals& words);
void take_positionals(SpecOptions& options, const Positionals& words);
void take_positionals(FeaturesOptions& options, const Positionals& words);
void take_positionals(VersionOptions& options, const Positionals& words);
/// @throws base::Error invalid_argument: no such command
void take_positionals(HelpOptions& options, const Positionals& words);

// options_resources.cpp
void add_flags(FlagSet& flags, PauseOptions& options);
void add_flags(FlagSet& flags, ResumeOptions& options);
void add_flags(FlagSet& flags, UpdateOptions& options);
void add_flags(FlagSet& flags, EventsOptions& options);
void take_positionals(PauseOptions& options, const Positionals& words);
void take_positionals(ResumeOptions& options, const Positionals& words);
void take_positionals(UpdateOptions& options, const Positionals& words);
void take_positionals(EventsOptions& options, const Positionals& words);

// options_network.cpp
void add_flags(FlagSet& flags, NetworkOptions& options);
/// @throws base::Error invalid_argument: no such action, or a file where none belongs
void take_positionals(NetworkOptions& options, const Positionals& words);

// options_direct_volume.cpp
void add_flags(FlagSet& flags, DirectVolumeOptions& options);
/// @throws base::Error invalid_argument: no such action, or not its arguments
void take_positionals(DirectVolumeOptions& options, const Positionals& words);

// options_config.cpp
void add_flags(FlagSet& flags, ConfigOptions& options);
/// @throws base::Error invalid_argument: no such action, or not its arguments
void take_positionals(ConfigOptions& options, const Positionals& words);

// options_host.cpp
void add_flags(FlagSet& flags, CheckOptions& options);
void add_flags(FlagSet& flags, EnvOptions& options);
void take_positionals(CheckOptions& options, const Positionals& words);
void take_positionals(EnvOptions& options, const Positionals& words);

// options_global.cpp
void add_flags(FlagSet& flags, GlobalFlags& options);

// options_process_io.cpp: what create, run and exec share
void add_process_io(FlagSet& flags,
                    std::filesystem::path& console_socket,
                    std::filesystem::path& pid_file);
void add_no_new_descriptors(FlagSet& flags);

}  // namespace kata::cli
