// The OCI runtime specification's config.json as passive values: what the host side of a container
// needs to know. The guest's spec is made from `document`, which holds everything that was read,
// unknown properties too. Values are as written in the file: nothing here is validated
// (spec_validate.h) and no default is filled in that the specification does not define.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace kata::oci {

struct ConsoleSize {
    std::uint32_t height = 0;  // rows
    std::uint32_t width = 0;   // columns
};

struct User {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::optional<std::uint32_t> umask;
    std::vector<std::uint32_t> additional_gids;
};

struct Capabilities {
    std::vector<std::string> bounding;
    std::vector<std::string> effective;
    std::vector<std::string> inheritable;
    std::vector<std::string> permitted;
    std::vector<std::string> ambient;
};

struct Rlimit {
    std::string type;  // RLIMIT_NOFILE, ...
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
};

struct Scheduler {
    std::string policy;  // SCHED_OTHER, ...
    std::optional<std::int32_t> nice;
    std::optional<std::int32_t> priority;
    std::vector<std::string> flags;  // SCHED_FLAG_RESET_ON_FORK, ...
};

struct IoPriority {
    std::string io_class;  // IOPRIO_CLASS_RT, ...
    std::int32_t priority = 0;
};

struct Process {
    bool terminal = false;
    std::optional<ConsoleSize> console_size;
    User user;
    std::vector<std::string> args;
    std::vector<std::string> env;  // "NAME=value"
    std::string cwd;
    std::optional<Capabilities> capabilities;
    std::vector<Rlimit> rlimits;
    bool no_new_privileges = false;
    std::string apparmor_profile;
    std::string selinux_label;
    std::optional<std::int32_t> oom_score_adj;
    std::optional<Scheduler> scheduler;
    std::optional<IoPriority> io_priority;
    nlohmann::json document;  // the whole object as read
};

struct Root {
    std::string path;  // as written: absolute, or relative to the bundle
    bool readonly = false;
};

struct IdMapping {
    std::uint32_t container_id = 0;
    std::uint32_t host_id = 0;
    std::uint32_t size = 0;
};

struct Mount {
    std::string destination;
    std::string type;    // may be empty: "bind" or "rbind" among the options then says what it is
    std::string source;  // may be empty
    std::vector<std::string> options;
    std::vector<IdMapping> uid_mappings;
    std::vector<IdMapping> gid_mappings;
};

struct Hook {
    std::string path;
    std::vector<std::string> args;  // argv, argv[0] included; empty: argv[0] is the path
    std::vector<std::string> env;   // the whole environment
    std::optional<std::int64_t> timeout_seconds;
};

struct Hooks {
    std::vector<Hook> prestart;
    std::vector<Hook> create_runtime;
    std::vector<Hook> create_container;
    std::vector<Hook> start_container;
    std::vector<Hook> poststart;
    std::vector<Hook> poststop;
};

struct Namespace {
    std::string type;  // pid, network, mount, ipc, uts, user, cgroup, time
    std::string path;  // empty: a new one
};

struct Device {
    std::string path;  // in the container
    std::string type;  // c, b, u, p
    std::int64_t major = 0;
    std::int64_t minor = 0;
    std::optional<std::uint32_t> file_mode;
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
};

struct DeviceRule {
    bool allow = false;
    std::string type;                   // a, c, b; empty: a
    std::optional<std::int64_t> major;  // none: any
    std::optional<std::int64_t> minor;
    std::string access;  // of r, w, m
};

struct CpuResources {
    std::optional<std::uint64_t> shares;
    std::optional<std::int64_t> quota;    // microseconds per period; negative: no limit
    std::optional<std::uint64_t> period;  // microseconds
    std::string cpus;                     // "0-3,7"; empty: any
    std::string mems;
};

struct MemoryResources {
    std::optional<std::int64_t> limit;  // bytes; -1: no limit
    std::optional<std::int64_t> reservation;
    std::optional<std::int64_t> swap;  // bytes of memory and swap together; -1: no limit
};

/// As engines write it; docker writes 0 for "not set".
struct Resources {
    CpuResources cpu;
    MemoryResources memory;
    std::optional<std::int64_t> pids_limit;
    std::vector<DeviceRule> devices;
    nlohmann::json document;  // the whole object as read
};

struct SeccompRule {
    std::vector<std::string> names;
    std::string action;
    std::vector<std::string> operators;  // SCMP_CMP_EQ, ... one for each argument that is compared
};

struct Seccomp {
    std::string default_action;  // SCMP_ACT_ERRNO, ...
    std::vector<std::string> architectures;
    std::vector<std::string> flags;
    std::string listener_path;
    std::vector<SeccompRule> syscalls;
};

struct Linux {
    std::vector<Namespace> namespaces;
    std::vector<IdMapping> uid_mappings;
    std::vector<IdMapping> gid_mappings;
    std::string cgroups_path;
    std::string rootfs_propagation;  // shared, slave, ... ; empty: not set
    std::vector<Device> devices;
    Resources resources;
    std::optional<Seccomp> seccomp;
    std::map<std::string, std::string> sysctl;
    std::vector<std::string> masked_paths;
    std::vector<std::string> readonly_paths;
    std::string mount_label;
    std::string personality_domain;  // LINUX, LINUX32; empty: not set
};

struct Spec {
    std::string oci_version;
    std::optional<Process> process;
    std::optional<Root> root;
    std::string hostname;
    std::string domainname;
    std::vector<Mount> mounts;
    Hooks hooks;
    std::map<std::string, std::string> annotations;
    std::optional<Linux> linux_;  // `linux` is a macro of the compiler
    nlohmann::json document;      // the whole file as read
};

/// The namespace of `type` that the spec asks for; nullptr: the container shares the runtime's.
[[nodiscard]] const Namespace* find_namespace(const Spec& spec, const std::string& type);

}  // namespace kata::oci
