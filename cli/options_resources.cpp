#include "cli/options_commands.h"

namespace kata::cli {

void add_flags(FlagSet& /*flags*/, PauseOptions& /*options*/) {}

void add_flags(FlagSet& /*flags*/, ResumeOptions& /*options*/) {}

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

void take_positionals(EventsOptions& options, const Positionals& words) {
    options.id = words[0];
}

}  // namespace kata::cli
