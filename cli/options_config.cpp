#include "cli/options_commands.h"

namespace kata::cli {
namespace {

base::Error misuse(const std::string& message) {
    return {base::ErrorCode::invalid_argument,
            "config " + message + "; see 'kata-runtime help config'"};
}

}  // namespace

void add_flags(FlagSet& flags, ConfigOptions& options) {
    flags.on_off("--origin", options.origin, "with show: where each key comes from");
    flags.on_off("--json", options.json, "with show: JSON instead of TOML");
}

// Options may also stand behind the action, where one expects them.
void take_positionals(ConfigOptions& options, const Positionals& words) {
    FlagSet flags;
    add_flags(flags, options);
    Positionals rest = flags.parse({words.begin() + 1, words.end()});
    if (rest.size() > 1) {
        const Positionals behind = flags.parse({rest.begin() + 1, rest.end()});
        rest.resize(1);
        rest.insert(rest.end(), behind.begin(), behind.end());
    }
    if (words[0] == "show") {
        if (rest.size() > 1 || (rest.size() == 1 && rest[0].find('/') != std::string::npos)) {
            throw misuse(
                "show takes a container at most; a file is named with kata-runtime --config");
        }
        options.action = ConfigOptions::Action::show;
        options.id = rest.empty() ? "" : rest[0];
    } else if (words[0] == "check") {
        if (rest.size() != 1 || options.origin || options.json) {
            throw misuse("check takes one file and no option");
        }
        options.action = ConfigOptions::Action::check;
        options.file = rest[0];
    } else {
        throw misuse("has no \"" + base::printable(words[0], 64) + "\"");
    }
}

}  // namespace kata::cli
