#include "cli/options_commands.h"

namespace kata::cli {

void add_flags(FlagSet& flags, CreateOptions& options) {
    flags.value("-b,--bundle",
                "DIR",
                options.bundle,
                "directory with config.json and root file system; default: the current directory");
    flags.value("-f,--config",
                "FILE",
                options.config_file,
                "file to read in place of the bundle's config.json");
    add_process_io(flags, options.console_socket, options.pid_file);
    flags.ignored_switch("--no-pivot", "accepted; the root is mounted in the guest in any case");
    flags.ignored_switch("--no-new-keyring", "accepted; the guest has keyrings of its own");
    add_no_new_descriptors(flags);
}

void add_flags(FlagSet& flags, RunOptions& options) {
    add_flags(flags, options.create);
    flags.on_off("-d,--detach", options.detach, "return when the container has started");
    flags.on_off("--keep", options.keep, "do not remove the container at its end");
    flags.on_off("--no-subreaper",
                 options.no_subreaper,
                 "do not adopt processes of the container whose parent has ended");
}

void add_flags(FlagSet& /*flags*/, StartOptions& /*options*/) {}

void add_flags(FlagSet& flags, KillOptions& options) {
    flags.on_off("-a,--all", options.all, "send the signal to all processes of the container");
}

void add_flags(FlagSet& flags, DeleteOptions& options) {
    flags.on_off("-f,--force",
                 options.force,
                 "kill the container first if it runs; it is no error if it does not exist");
}

void take_positionals(CreateOptions& options, const Positionals& words) {
    options.id = words[0];
}

void take_positionals(RunOptions& options, const Positionals& words) {
    options.create.id = words[0];
}

void take_positionals(StartOptions& options, const Positionals& words) {
    options.id = words[0];
}

void take_positionals(KillOptions& options, const Positionals& words) {
    options.id = words[0];
    if (words.size() > 1) {
        options.signal = words[1];
    }
}

void take_positionals(DeleteOptions& options, const Positionals& words) {
    options.id = words[0];
}

}  // namespace kata::cli
