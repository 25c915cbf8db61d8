#include "cli/options_commands.h"

namespace kata::cli {
namespace {

void add_process_flags(FlagSet& flags, ExecProcessOptions& process, bool& no_new_privileges) {
    flags.value("--cwd", "DIR", process.cwd, "working directory in the container");
    flags.values("-e,--env", "NAME=VALUE", process.env, "add to the environment; may be repeated");
    flags.on_off("-t,--tty", process.tty, "give the process a terminal");
    flags.value("-u,--user", "UID[:GID]", process.user, "numeric user, and group, to run as");
    flags.values("-g,--additional-gids",
                 "GID",
                 process.additional_gids,
                 "add a supplementary group; may be repeated");
    flags.value("--process-label", "LABEL", process.process_label, "SELinux label of the process");
    flags.value("--apparmor", "PROFILE", process.apparmor, "AppArmor profile of the process");
    flags.on_off("--no-new-privs",
                 no_new_privileges,
                 "keep the process from gaining privileges, by set-uid programs for example");
    flags.values("-c,--cap", "CAP", process.capabilities, "add a capability; may be repeated");
}

}  // namespace

void add_flags(FlagSet& flags, ExecFlags& options) {
    flags.value("-p,--process",
                "FILE",
                options.process_file,
                "JSON file that describes the whole process, as process in config.json");
    add_process_flags(flags, options.process, options.no_new_privileges);
    flags.on_off("-d,--detach", options.detach, "return when the process has started");
    add_process_io(flags, options.console_socket, options.pid_file);
    add_no_new_descriptors(flags);
    flags.refused_value(
        "--cgroup",
        "[CONTROLLER:]PATH",
        {"", "/"},
        "--cgroup is not supported: the process runs in the container's own cgroup in "
        "the guest; leave the option out",
        "only / is possible: the container's own cgroup");
    flags.on_off("--ignore-paused", options.ignore_paused, "work in a paused container, too");
}

void take_positionals(ExecFlags& options, const Positionals& words) {
    options.id = words[0];
    options.process.args.assign(words.begin() + 1, words.end());
}

}  // namespace kata::cli
