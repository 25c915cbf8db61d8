#include "cli/options.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/command_text.h"
#include "cli/did_you_mean.h"
#include "cli/go_flags.h"
#include "cli/help_layout.h"

namespace kata::cli {
namespace {

using base::Error;
using base::ErrorCode;
using base::printable;

using Positionals = std::vector<std::string>;

/// One command's options, and what becomes of them and the positional arguments.
class FlagSet {
  public:
    FlagSet() { app_.set_help_flag(); }

    /// @param store set by the switch or value option; the last one on the line counts.
    template <typename Store>
    void value(const char* names, const char* label, Store& store, const char* description) {
        app_.add_option(names, store, description)->type_name(label)->take_last();
    }
    void on_off(const char* names, bool& store, const char* description) {
        app_.add_flag(names, store, description)->take_last();
    }
    /// May be given several times.
    void values(const char* names,
                const char* label,
                std::vector<std::string>& store,
                const char* description) {
        app_.add_option(names, store, description)->type_name(label)->allow_extra_args(false);
    }
    void one_of(const char* names,
                const char* label,
                std::vector<std::string> allowed,
                const std::function<void(const std::string&)>& store,
                const char* description) {
        app_.add_option_function<std::string>(
                names,
                [names, allowed = std::move(allowed), store](const std::string& value) {
                    if (std::ranges::find(allowed, value) == allowed.end()) {
                        throw CLI::ValidationError(wrong_choice(names, value, allowed));
                    }
                    store(value);
                },
                description)
            ->type_name(label)
            ->take_last();
    }
    /// Understood and without any meaning for a container in a VM.
    void ignored_switch(const char* names, const char* description) {
        const std::string text = description;
        app_.add_flag(names, text)->take_last();
    }
    void ignored_value(const char* names, const char* label, const char* description) {
        app_.add_option_function<std::string>(
                names, [](const std::string&) {}, description)
            ->type_name(label)
            ->take_last();
    }
    /// @throws base::Error invalid_argument with `reason` for any value but those of `harmless`.
    void refused_value(const char* names,
                       const char* label,
                       std::vector<std::string> harmless,
                       const std::string& reason,
                       const char* description) {
        app_.add_option_function<std::string>(
                names,
                [harmless = std::move(harmless), reason](const std::string& value) {
                    if (std::ranges::find(harmless, value) == harmless.end()) {
                        throw CLI::ValidationError(reason);
                    }
                },
                description)
            ->type_name(label)
            ->take_last();
    }

    /// Stores the flags' values. @return the positional arguments.
    /// @throws base::Error invalid_argument
    Positionals parse(const std::vector<std::string>& arguments);

    [[nodiscard]] std::vector<OptionText> texts() const;

    /// Whether parse() has seen the option of this long name.
    [[nodiscard]] bool given(const std::string& name) const {
        return app_.get_option("--" + name)->count() > 0;
    }

  private:
    [[nodiscard]] std::optional<KnownFlag> find(const std::string& name) const;
    [[nodiscard]] static std::string wrong_choice(const std::string& names,
                                                  const std::string& value,
                                                  const std::vector<std::string>& allowed);

    CLI::App app_;
};

std::string FlagSet::wrong_choice(const std::string& names,
                                  const std::string& value,
                                  const std::vector<std::string>& allowed) {
    std::string text = "invalid value \"" + printable(value, 256) + "\" for option " +
                       names.substr(names.rfind("--")) + "; use ";
    for (std::size_t i = 0; i < allowed.size(); ++i) {
        const bool last = i + 1 == allowed.size();
        text += (i == 0 ? "" : last ? " or " : ", ") + allowed[i];
    }
    return text;
}

std::optional<KnownFlag> FlagSet::find(const std::string& name) const {
    for (const CLI::Option* option : app_.get_options()) {
        if (option->check_lname(name) || option->check_sname(name)) {
            return KnownFlag{option->get_lnames().front(), option->get_expected_max() > 0};
        }
    }
    return std::nullopt;
}

Positionals FlagSet::parse(const std::vector<std::string>& arguments) {
    SplitArguments split =
        split_go_arguments(arguments, [this](const std::string& name) { return find(name); });
    std::vector<std::string> words;
    for (const GivenFlag& flag : split.flags) {
        if (find(flag.name)->takes_value) {
            // As two words: an empty value after '=' would not count as one.
            words.insert(words.end(), {"--" + flag.name, flag.value});
        } else {
            words.push_back("--" + flag.name + "=" + flag.value);
        }
    }
    std::ranges::reverse(words);
    try {
        app_.parse(std::move(words));
    } catch (const CLI::ParseError& error) {
        throw Error(ErrorCode::invalid_argument, printable(error.what()));
    }
    return std::move(split.positionals);
}

std::vector<OptionText> FlagSet::texts() const {
    std::vector<OptionText> result;
    for (const CLI::Option* option : app_.get_options()) {
        const bool takes_value = option->get_expected_max() > 0;
        const std::string label = takes_value ? " " + option->get_type_name() : "";
        std::string names;
        for (const std::string& name : option->get_lnames()) {
            names += (names.empty() ? "--" : ", --") + name + label;
        }
        for (const std::string& name : option->get_snames()) {
            names += ", -" + name + label;
        }
        result.push_back({names, option->get_description()});
    }
    return result;
}

/// The options of one command together with where they are stored.
template <typename Options>
struct Bound {
    FlagSet flags;
    Options options;
    bool help = false;
};

void add_no_new_descriptors(FlagSet& flags) {
    flags.refused_value("--preserve-fds",
                        "N",
                        {"0", ""},
                        "cannot pass file descriptors into a virtual machine; leave --preserve-fds "
                        "out or set it to 0, and give the data as a mount or over the network",
                        "number of further descriptors for the container; only 0 is possible");
    flags.refused_value("--pidfd-socket",
                        "SOCKET",
                        {""},
                        "--pidfd-socket is not supported; use --pid-file and pidfd_open(2)",
                        "not supported: use --pid-file");
}

void add_process_io(FlagSet& flags,
                    std::filesystem::path& console_socket,
                    std::filesystem::path& pid_file) {
    flags.value("--console-socket",
                "SOCKET",
                console_socket,
                "unix socket that receives the terminal's master descriptor");
    flags.value("--pid-file", "FILE", pid_file, "file to write the pid of the kata-shim to");
}

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

void add_flags(FlagSet& /*flags*/, StateOptions& /*options*/) {}

void add_flags(FlagSet& flags, KillOptions& options) {
    flags.on_off("-a,--all", options.all, "send the signal to all processes of the container");
}

void add_flags(FlagSet& flags, DeleteOptions& options) {
    flags.on_off("-f,--force",
                 options.force,
                 "kill the container first if it runs; it is no error if it does not exist");
}

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

/// What exec's options store in beside ExecOptions.
struct ExecFlags : ExecOptions {
    bool no_new_privileges = false;
};

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

void add_format(FlagSet& flags, bool& json) {
    flags.one_of(
        "-f,--format",
        "FORMAT",
        {"table", "json"},
        [&json](const std::string& value) { json = value == "json"; },
        "table or json; default: table");
}

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

/// What the global options store in beside GlobalOptions.
struct GlobalFlags : GlobalOptions {
    bool show_config_paths = false;
    bool version = false;
};

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
    flags.ignored_switch("--systemd-cgroup",
                         "accepted; a cgroupsPath of the form slice:prefix:name says the same");
    flags.one_of(
        "--cgroup-manager",
        "NAME",
        {"cgroupfs", "systemd", "disabled"},
        [](const std::string&) {},
        "accepted as by crun: cgroupfs, systemd or disabled");
    flags.one_of(
        "--rootless",
        "BOOL",
        {"true", "false", "auto"},
        [](const std::string&) {},
        "accepted: true, false or auto; kata-runtime always needs root");
    flags.ignored_value("--criu", "PATH", "accepted; containers are not checkpointed");
    flags.on_off("-v,--version", options.version, "show the version");
}

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
requires requires(Options& options) {
    options.id;
}
void take_positionals(Options& options, const Positionals& words) {
    options.id = words[0];
}

void take_positionals(RunOptions& options, const Positionals& words) {
    options.create.id = words[0];
}

void take_positionals(KillOptions& options, const Positionals& words) {
    options.id = words[0];
    if (words.size() > 1) {
        options.signal = words[1];
    }
}

void take_positionals(ExecFlags& options, const Positionals& words) {
    options.id = words[0];
    options.process.args.assign(words.begin() + 1, words.end());
    if (options.process_file.empty() && options.process.args.empty()) {
        throw Error(ErrorCode::invalid_argument,
                    "process args cannot be empty; name a command after the container's id, or "
                    "a file with --process");
    }
}

void take_positionals(PsOptions& options, const Positionals& words) {
    options.id = words[0];
    options.ps_args.assign(words.begin() + 1, words.end());
}

void take_positionals(HelpOptions& options, const Positionals& words) {
    options.topic = words.empty() ? "" : words[0];
    if (!options.topic.empty() && find_command(options.topic) == nullptr) {
        throw Error(
            ErrorCode::invalid_argument,
            "no help for \"" + printable(options.topic, 256) + "\": there is no such command");
    }
}

void take_positionals(ListOptions& /*options*/, const Positionals& /*words*/) {}
void take_positionals(SpecOptions& /*options*/, const Positionals& /*words*/) {}
void take_positionals(FeaturesOptions& /*options*/, const Positionals& /*words*/) {}
void take_positionals(VersionOptions& /*options*/, const Positionals& /*words*/) {}

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
    parser<SpecOptions>("spec"),
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
    const auto near = did_you_mean(name, known);
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
