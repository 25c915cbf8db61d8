// What a command line says, as passive data: the global options and one struct for each command.
// options_flag_set.cpp is the only file that knows the parsing library. Nothing here looks at the
// system; a container's id is still the text that was typed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pkg/base/error.h"

namespace kata::cli {

inline constexpr const char* kProgramName = "kata-runtime";
inline constexpr const char* kDefaultRoot = "/run/kata-runtime";

struct GlobalOptions {
    std::filesystem::path root = kDefaultRoot;  // different roots are different sets of ids
    std::filesystem::path log;                  // empty: the system's log
    bool log_as_json = false;
    bool debug = false;
    bool systemd_cgroup = false;   // cgroups are to be scopes of systemd
    std::filesystem::path config;  // empty: the default places
};

struct CreateOptions {
    std::string id;
    std::filesystem::path bundle = ".";
    std::filesystem::path config_file;  // empty: config.json of the bundle
    std::filesystem::path console_socket;
    std::filesystem::path pid_file;
};

struct RunOptions {
    CreateOptions create;
    bool detach = false;
    bool keep = false;
    bool no_subreaper = false;
};

struct StartOptions {
    std::string id;
};

struct StateOptions {
    std::string id;
};

struct KillOptions {
    std::string id;
    std::string signal = "SIGTERM";  // name or number, as typed
    bool all = false;
};

struct DeleteOptions {
    std::string id;
    bool force = false;
};

/// The part of exec that changes the container's own process into the new one.
struct ExecProcessOptions {
    std::vector<std::string> args;
    std::string cwd;
    std::vector<std::string> env;
    bool tty = false;
    std::string user;  // "uid" or "uid:gid"
    std::vector<std::string> additional_gids;
    std::string process_label;
    std::string apparmor;
    std::optional<bool> no_new_privileges;
    std::vector<std::string> capabilities;
};

struct ExecOptions {
    std::string id;
    std::filesystem::path process_file;  // empty: `process` says what to run
    ExecProcessOptions process;
    std::filesystem::path console_socket;
    std::filesystem::path pid_file;
    bool detach = false;
    bool ignore_paused = false;
};

struct ListOptions {
    bool json = false;
    bool quiet = false;
};

struct PsOptions {
    std::string id;
    bool json = false;
    std::vector<std::string> ps_args;  // empty: -ef
};

struct PauseOptions {
    std::string id;
};

struct ResumeOptions {
    std::string id;
};

/// What to change, each as typed; empty: leave it.
struct UpdateFlags {
    std::string cpu_period;
    std::string cpu_quota;
    std::string cpu_burst;
    std::string cpu_shares;
    std::string cpu_idle;
    std::string cpuset_cpus;
    std::string cpuset_mems;
    std::string memory;
    std::string memory_reservation;
    std::string memory_swap;
    std::string pids_limit;
};

struct UpdateOptions {
    std::string id;
    std::filesystem::path resources;  // "-": standard input; empty: `flags` say what to change
    UpdateFlags flags;
};

struct EventsOptions {
    std::string id;
    std::string interval = "5s";  // as typed
    bool stats = false;
};

/// kata-network
struct NetworkOptions {
    enum class Action {
        add_interface,
        remove_interface,
        list_interfaces,
        list_routes,
        update_routes,
        refresh,
        watch,
    };
    Action action{};
    std::string id;
    std::filesystem::path file;  // "-": standard input
};

/// direct-volume
struct DirectVolumeOptions {
    enum class Action { add, remove, stats, resize, list, inspect, collect_garbage };
    Action action{};
    std::string volume_path;
    std::string mount_info;  // JSON, as typed
    std::string size;        // as typed
    bool json = false;
    bool dry_run = false;
};

struct SpecOptions {
    std::filesystem::path bundle = ".";
    bool rootless = false;
};

struct ConfigOptions {
    enum class Action { show, check };
    Action action{};
    bool origin = false;
    bool json = false;
    std::string id;              // to show: of a container; empty: of none
    std::filesystem::path file;  // to check
};

/// kata-check
struct CheckOptions {
    bool verbose = false;
    bool strict = false;
    bool json = false;
    bool fix = false;
    bool yes = false;
    bool no_network_checks = false;
    bool check_version_only = false;
    bool only_list_releases = false;
    bool include_all_releases = false;
};

/// kata-env
struct EnvOptions {
    bool json = false;
};

struct FeaturesOptions {};

struct VersionOptions {};

struct ConfigPathsOptions {};

struct HelpOptions {
    std::string topic;  // a command; empty: the program
};

/// A command line that cannot be obeyed.
struct Misuse {
    base::ErrorCode code = base::ErrorCode::invalid_argument;
    std::string message;
    std::optional<std::string> help_topic;  // set: its help is shown too ("" is the program's)
};

using CommandOptions = std::variant<CreateOptions,
                                    RunOptions,
                                    StartOptions,
                                    StateOptions,
                                    KillOptions,
                                    DeleteOptions,
                                    ExecOptions,
                                    ListOptions,
                                    PsOptions,
                                    PauseOptions,
                                    NetworkOptions,
                                    DirectVolumeOptions,
                                    ResumeOptions,
                                    UpdateOptions,
                                    EventsOptions,
                                    SpecOptions,
                                    ConfigOptions,
                                    CheckOptions,
                                    EnvOptions,
                                    FeaturesOptions,
                                    VersionOptions,
                                    ConfigPathsOptions,
                                    HelpOptions,
                                    Misuse>;

struct Invocation {
    GlobalOptions global;  // as far as they could be read, so that a misuse reaches the log, too
    CommandOptions command;
};

/// @param arguments without the program's name. Never throws for what a user typed: see Misuse.
[[nodiscard]] Invocation parse_options(const std::vector<std::string>& arguments);

/// The help of `topic` (a command, or "" for the program); nullopt: there is no such command.
[[nodiscard]] std::optional<std::string> help_text(const std::string& topic);

}  // namespace kata::cli
