#include "cli/command_text.h"
#include "cli/options_commands.h"

namespace kata::cli {
namespace {

void add_format(FlagSet& flags, bool& json) {
    flags.one_of(
        "-f,--format",
        "FORMAT",
        {"table", "json"},
        [&json](const std::string& value) { json = value == "json"; },
        "table or json; default: table");
}

}  // namespace

void add_flags(FlagSet& /*flags*/, StateOptions& /*options*/) {}

void add_flags(FlagSet& flags, ListOptions& options) {
    add_format(flags, options.json);
    flags.on_off("-q,--quiet", options.quiet, "show the ids only");
}

void add_flags(FlagSet& flags, PsOptions& options) {
    add_format(flags, options.json);
}

void add_flags(FlagSet& flags, SpecOptions& options) {
    flags.value("-b,--bundle",
                "DIR",
                options.bundle,
                "directory to write config.json to; default: the current directory");
    flags.on_off("--rootless",
                 options.rootless,
                 "refused: a container in a virtual machine has no user namespace on the host");
}

void add_flags(FlagSet& /*flags*/, FeaturesOptions& /*options*/) {}

void add_flags(FlagSet& /*flags*/, VersionOptions& /*options*/) {}

void add_flags(FlagSet& /*flags*/, HelpOptions& /*options*/) {}

void take_positionals(StateOptions& options, const Positionals& words) {
    options.id = words[0];
}

void take_positionals(PsOptions& options, const Positionals& words) {
    options.id = words[0];
    options.ps_args.assign(words.begin() + 1, words.end());
}

void take_positionals(HelpOptions& options, const Positionals& words) {
    options.topic = words.empty() ? "" : words[0];
    if (!options.topic.empty() && find_command(options.topic) == nullptr) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "no help for \"" + base::printable(options.topic, 256) +
                              "\": there is no such command");
    }
}

void take_positionals(ListOptions& /*options*/, const Positionals& /*words*/) {}
void take_positionals(SpecOptions& /*options*/, const Positionals& /*words*/) {}
void take_positionals(FeaturesOptions& /*options*/, const Positionals& /*words*/) {}
void take_positionals(VersionOptions& /*options*/, const Positionals& /*words*/) {}

}  // namespace kata::cli
