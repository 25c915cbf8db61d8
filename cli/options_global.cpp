#include "cli/options_commands.h"

namespace kata::cli {

void add_flags(FlagSet& flags, GlobalFlags& options) {
    flags.value("--root",
                "DIR",
                options.root,
                "where the containers of this set are registered; default: /run/kata-runtime");
    flags.value("--log",
                "FILE",
                options.log,
                "file to append log records to; default: the system's log (syslog or journal)");
    flags.one_of(
        "--log-format",
        "FORMAT",
        {"text", "json"},
        [&options](const std::string& value) { options.log_as_json = value == "json"; },
        "text or json; default: text");
    flags.on_off("--debug", options.debug, "log every step");
    flags.value("--config,--kata-config",
                "FILE",
                options.config,
                "configuration file; default: the first that exists of "
                "--kata-show-default-config-paths");
    flags.on_off("--kata-show-default-config-paths",
                 options.show_config_paths,
                 "show where a configuration file is looked for");
    flags.on_off("--show-default-config-paths",
                 options.show_config_paths,
                 "the same, by its name in Kata Containers 3");
    flags.on_off("--systemd-cgroup",
                 options.systemd_cgroup,
                 "where systemd runs, cgroupsPath must be slice:prefix:name, a scope of systemd");
    flags.one_of(
        "--cgroup-manager",
        "NAME",
        {"cgroupfs", "systemd", "disabled"},
        [&options](const std::string& value) { options.systemd_cgroup |= value == "systemd"; },
        "as of crun: cgroupfs, systemd (as --systemd-cgroup) or disabled");
    flags.one_of(
        "--rootless",
        "BOOL",
        {"true", "false", "auto"},
        [](const std::string&) {},
        "accepted: true, false or auto; kata-runtime always needs root");
    flags.ignored_value("--criu", "PATH", "accepted; containers are not checkpointed");
    flags.on_off("-v,--version", options.version, "show the version");
}

}  // namespace kata::cli
