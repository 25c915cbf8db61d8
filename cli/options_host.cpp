#include "cli/options_commands.h"

namespace kata::cli {

void add_flags(FlagSet& flags, CheckOptions& options) {
    flags.on_off("-v,--verbose", options.verbose, "show each property that was looked at");
    flags.on_off("-s,--strict",
                 options.strict,
                 "also verify that all parts of kata-runtime are of one version");
    flags.on_off("--json", options.json, "show the results as JSON");
    flags.on_off(
        "--fix", options.fix, "carry out those fixes that disturb nothing, after asking for each");
    flags.on_off("-y,--yes", options.yes, "do not ask (with --fix)");
    flags.on_off("-n,--no-network-checks",
                 options.no_network_checks,
                 "do not look for newer releases; so does KATA_CHECK_NO_NETWORK");
    flags.on_off("--check-version-only",
                 options.check_version_only,
                 "look for a newer release and do nothing else");
    flags.on_off("--only-list-releases",
                 options.only_list_releases,
                 "list newer releases and do nothing else");
    flags.on_off("--include-all-releases",
                 options.include_all_releases,
                 "older releases and pre-releases, too");
}

void add_flags(FlagSet& flags, EnvOptions& options) {
    flags.on_off("--json", options.json, "show JSON instead of TOML");
}

void take_positionals(CheckOptions& /*options*/, const Positionals& /*words*/) {}
void take_positionals(EnvOptions& /*options*/, const Positionals& /*words*/) {}

}  // namespace kata::cli
