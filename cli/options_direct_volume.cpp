#include <algorithm>
#include <array>
#include <string_view>

#include "cli/options_commands.h"

namespace kata::cli {
namespace {

using Argument = std::string DirectVolumeOptions::*;

struct Action {
    std::string_view name;
    DirectVolumeOptions::Action action;
    // What it needs: each by its flag, as of Kata Containers' kata-runtime, or as the next word, as
    // of its kata-ctl.
    std::array<Argument, 2> arguments;
    bool shows = false;      // takes --format
    bool rehearses = false;  // takes --dry-run
};

constexpr Argument kPath = &DirectVolumeOptions::volume_path;
constexpr Argument kMountInfo = &DirectVolumeOptions::mount_info;
constexpr Argument kSize = &DirectVolumeOptions::size;

constexpr std::array<Action, 7> kActions{{
    {"add", DirectVolumeOptions::Action::add, {kPath, kMountInfo}},
    {"remove", DirectVolumeOptions::Action::remove, {kPath, nullptr}},
    {"stats", DirectVolumeOptions::Action::stats, {kPath, nullptr}},
    {"resize", DirectVolumeOptions::Action::resize, {kPath, kSize}},
    {"list", DirectVolumeOptions::Action::list, {nullptr, nullptr}, true},
    {"inspect", DirectVolumeOptions::Action::inspect, {kPath, nullptr}},
    {"gc", DirectVolumeOptions::Action::collect_garbage, {nullptr, nullptr}, false, true},
}};

base::Error misuse(const std::string& message) {
    return {base::ErrorCode::invalid_argument,
            "direct-volume " + message + "; see 'kata-runtime help direct-volume'"};
}

std::string flag_of(Argument argument) {
    return argument == kPath ? "volume-path" : argument == kMountInfo ? "mount-info" : "size";
}

bool takes(const Action& action, Argument argument) {
    return std::ranges::find(action.arguments, argument) != action.arguments.end();
}

void refuse_what_is_not_taken(const Action& action, const DirectVolumeOptions& options) {
    for (const Argument argument : {kPath, kMountInfo, kSize}) {
        if (!takes(action, argument) && !(options.*argument).empty()) {
            throw misuse(std::string(action.name) + " has no use for --" + flag_of(argument));
        }
    }
    if (options.json && !action.shows) {
        throw misuse(std::string(action.name) + " has no use for --format");
    }
    if (options.dry_run && !action.rehearses) {
        throw misuse(std::string(action.name) + " has no use for --dry-run");
    }
}

}  // namespace

void add_flags(FlagSet& flags, DirectVolumeOptions& options) {
    flags.value("--volume-path",
                "PATH",
                options.volume_path,
                "the volume: what containers name as the source of their mount");
    flags.value("--mount-info", "JSON", options.mount_info, "with add: what the volume is");
    flags.value("--size", "SIZE", options.size, "with resize: bytes, or such as 8Gi");
    flags.one_of(
        "-f,--format",
        "FORMAT",
        {"table", "json"},
        [&options](const std::string& value) { options.json = value == "json"; },
        "with list: table or json; default: table");
    flags.on_off("--dry-run", options.dry_run, "with gc: only say what would be removed");
}

// Options may also stand behind the action, where CSI drivers write them.
void take_positionals(DirectVolumeOptions& options, const Positionals& words) {
    const auto* const found = std::ranges::find(kActions, words[0], &Action::name);
    if (found == kActions.end()) {
        throw misuse("has no \"" + base::printable(words[0], 64) + "\"");
    }
    FlagSet flags;
    add_flags(flags, options);
    const Positionals rest = flags.parse({words.begin() + 1, words.end()});
    refuse_what_is_not_taken(*found, options);
    auto word = rest.begin();
    for (const Argument argument : found->arguments) {
        if (argument == nullptr || flags.given(flag_of(argument)) || !(options.*argument).empty()) {
            continue;
        }
        if (word == rest.end()) {
            throw misuse(words[0] + " needs --" + flag_of(argument));
        }
        options.*argument = *word++;
    }
    if (word != rest.end()) {
        throw misuse(words[0] + " cannot use the argument \"" + base::printable(*word, 64) + "\"");
    }
    options.action = found->action;
}

}  // namespace kata::cli
