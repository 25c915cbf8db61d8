#include "cli/options_commands.h"

namespace kata::cli {

void add_flags(FlagSet& /*flags*/, PauseOptions& /*options*/) {}

void add_flags(FlagSet& /*flags*/, ResumeOptions& /*options*/) {}

void add_flags(FlagSet& flags, UpdateOptions& options) {
    UpdateFlags& change = options.flags;
    flags.value("-r,--resources",
                "FILE",
                options.resources,
                "JSON file with what to change, as linux.resources in config.json; - is standard "
                "input");
    flags.value("--cpu-period", "MICROSECONDS", change.cpu_period, "period of --cpu-quota");
    flags.value("--cpu-quota", "MICROSECONDS", change.cpu_quota, "CPU time in each period");
    flags.value(
        "--cpu-burst", "MICROSECONDS", change.cpu_burst, "unused time that may be saved up");
    flags.value("--cpu-share", "SHARES", change.cpu_shares, "weight against other containers");
    flags.value("--cpu-idle", "0|1", change.cpu_idle, "1: run only when nobody else wants to");
    flags.value("--cpuset-cpus", "LIST", change.cpuset_cpus, "CPUs of this host, such as 0-3,7");
    flags.value("--cpuset-mems", "LIST", change.cpuset_mems, "memory nodes of this host");
    flags.value("--memory", "BYTES", change.memory, "memory limit; 512m and 2g are understood");
    flags.value("--memory-reservation",
                "BYTES",
                change.memory_reservation,
                "memory that is taken away last when the guest needs some");
    flags.value("--memory-swap", "BYTES", change.memory_swap, "limit of memory and swap together");
    flags.value("--pids-limit", "NUMBER", change.pids_limit, "most processes and threads");
    flags.ignored_value("--blkio-weight", "WEIGHT", "accepted; the guest has no disk of its own");
    flags.ignored_value("--kernel-memory", "BYTES", "accepted; cgroup v2 has no such limit");
    flags.ignored_value("--kernel-memory-tcp", "BYTES", "accepted; cgroup v2 has no such limit");
    for (const char* name :
         {"--cpu-rt-period", "--cpu-rt-runtime", "--l3-cache-schema", "--mem-bw-schema"}) {
        flags.refused_value(name,
                            "VALUE",
                            {"", "0"},
                            std::string(name) +
                                " is not supported: the guest's kernel has no such limit; leave "
                                "the option out",
                            "only 0 is possible: the guest has no such limit");
    }
}

void add_flags(FlagSet& flags, EventsOptions& options) {
    flags.value("--interval",
                "SPAN",
                options.interval,
                "time between statistics, for example 500ms or 1m30s; default: 5s");
    flags.on_off("--stats", options.stats, "show the statistics once and end");
}

void take_positionals(PauseOptions& options, const Positionals& words) {
    options.id = words[0];
}

void take_positionals(ResumeOptions& options, const Positionals& words) {
    options.id = words[0];
}

void take_positionals(UpdateOptions& options, const Positionals& words) {
    options.id = words[0];
}

void take_positionals(EventsOptions& options, const Positionals& words) {
    options.id = words[0];
}

}  // namespace kata::cli
