#include "cli/options.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/command_text.h"
#include "cli/help_layout.h"
#include "cli/options_commands.h"
#include "pkg/base/did_you_mean.h"

namespace kata::cli {
namespace {

using base::Error;
using base::ErrorCode;
using base::printable;

/// The options of one command together with where they are stored.
template <typename Options>
struct Bound {
    FlagSet flags;
    Options options;
    bool help = false;
};

template <typename Options>
void bind(Bound<Options>& bound) {
    add_flags(bound.flags, bound.options);
    bound.flags.on_off("-h,--help", bound.help, "show this help");
}

template <typename Options>
std::vector<OptionText> option_texts() {
    Bound<Options> bound;
    bind(bound);
    return bound.flags.texts();
}

template <typename Options>
CommandOptions finished(Bound<Options>& bound) {
    return std::move(bound.options);
}

CommandOptions finished(Bound<ExecFlags>& bound) {
    if (bound.flags.given("no-new-privs")) {
        bound.options.process.no_new_privileges = bound.options.no_new_privileges;
    }
    return ExecOptions(std::move(bound.options));
}

/// The complaint about a number of arguments that does not fit; nullopt if it does.
std::optional<std::string> wrong_number(const CommandText& text, std::size_t count) {
    const std::string name = std::string(kProgramName) + ": \"" + std::string(text.name) + "\" ";
    if (text.min_arguments == text.max_arguments && count != text.min_arguments) {
        return name + "requires exactly " + std::to_string(text.min_arguments) + " argument(s)";
    }
    if (count < text.min_arguments) {
        return name + "requires a minimum of " + std::to_string(text.min_arguments) +
               " argument(s)";
    }
    if (count > text.max_arguments) {
        return name + "requires a maximum of " + std::to_string(text.max_arguments) +
               " argument(s)";
    }
    return std::nullopt;
}

template <typename Options>
CommandOptions parse_command(const CommandText& text, const std::vector<std::string>& arguments) {
    Bound<Options> bound;
    bind(bound);
    Positionals words;
    try {
        words = bound.flags.parse(arguments);
    } catch (const Error& error) {
        return Misuse{error.code(), error.what(), std::string(text.name)};
    }
    if (bound.help) {
        return HelpOptions{std::string(text.name)};
    }
    if (auto complaint = wrong_number(text, words.size())) {
        return Misuse{ErrorCode::invalid_argument, *complaint, std::string(text.name)};
    }
    try {
        take_positionals(bound.options, words);
    } catch (const Error& error) {
        return Misuse{error.code(), error.what(), std::nullopt};
    }
    return finished(bound);
}

/// One row for each command of command_texts(): how its arguments are parsed and its options shown.
struct CommandParser {
    std::string_view name;
    CommandOptions (*parse)(const CommandText&, const std::vector<std::string>&);
    std::vector<OptionText> (*texts)();
};

template <typename Options>
constexpr CommandParser parser(std::string_view name) {
    return {name, parse_command<Options>, option_texts<Options>};
}

constexpr std::array kParsers = {
    parser<CreateOptions>("create"),
    parser<StartOptions>("start"),
    parser<RunOptions>("run"),
    parser<ExecFlags>("exec"),
    parser<StateOptions>("state"),
    parser<ListOptions>("list"),
    parser<KillOptions>("kill"),
    parser<DeleteOptions>("delete"),
    parser<PsOptions>("ps"),
    parser<NetworkOptions>("kata-network"),
    parser<DirectVolumeOptions>("direct-volume"),
    parser<PauseOptions>("pause"),
    parser<ResumeOptions>("resume"),
    parser<UpdateOptions>("update"),
    parser<EventsOptions>("events"),
    parser<SpecOptions>("spec"),
    parser<ConfigOptions>("config"),
    parser<CheckOptions>("kata-check"),
    parser<EnvOptions>("kata-env"),
    parser<FeaturesOptions>("features"),
    parser<VersionOptions>("version"),
    parser<HelpOptions>("help"),
};

const CommandParser& parser_of(const CommandText& text) {
    return *std::ranges::find(kParsers, text.name, &CommandParser::name);
}

Misuse unknown_command(const std::string& name) {
    const std::string quoted = "\"" + printable(name, 256) + "\"";
    if (is_unavailable_command(name)) {
        return {ErrorCode::unsupported,
                "the command " + quoted + " is not available in this version of " + kProgramName +
                    "; \"" + kProgramName + " help\" lists the commands",
                std::nullopt};
    }
    std::vector<std::string_view> known;
    for (const CommandText& text : command_texts()) {
        known.push_back(text.name);
    }
    const auto near = base::did_you_mean(name, known);
    return {ErrorCode::invalid_argument,
            "unknown command " + quoted + "; " +
                (near ? "did you mean \"" + *near + "\"?"
                      : "\"" + std::string(kProgramName) + " help\" lists the commands"),
            std::nullopt};
}

CommandOptions choose_command(const GlobalFlags& global, bool help, const Positionals& words) {
    if (help) {
        return HelpOptions{};
    }
    if (global.version) {
        return VersionOptions{};
    }
    if (global.show_config_paths) {
        return ConfigPathsOptions{};
    }
    if (words.empty()) {
        return HelpOptions{};
    }
    const CommandText* text = find_command(words[0]);
    if (text == nullptr) {
        return unknown_command(words[0]);
    }
    return parser_of(*text).parse(*text, {words.begin() + 1, words.end()});
}

}  // namespace

Invocation parse_options(const std::vector<std::string>& arguments) {
    Bound<GlobalFlags> bound;
    bind(bound);
    try {
        const Positionals words = bound.flags.parse(arguments);
        CommandOptions command = choose_command(bound.options, bound.help, words);
        return {std::move(bound.options), std::move(command)};
    } catch (const Error& error) {
        return {std::move(bound.options), Misuse{error.code(), error.what(), ""}};
    }
}

std::optional<std::string> help_text(const std::string& topic) {
    if (topic.empty()) {
        return program_help(option_texts<GlobalFlags>());
    }
    const CommandText* text = find_command(topic);
    if (text == nullptr) {
        return std::nullopt;
    }
    return command_help(*text, parser_of(*text).texts());
}

}  // namespace kata::cli
