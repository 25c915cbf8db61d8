#include <set>

#include "pkg/oci/capability_names.h"
#include "pkg/oci/json_view.h"
#include "pkg/oci/rules.h"

namespace kata::oci {
namespace {

constexpr std::uint32_t kMaxId = 2147483647;  // what runc accepts, too
constexpr std::int32_t kMaxOomScore = 1000;
constexpr std::int32_t kMinNice = -20;
constexpr std::int32_t kMaxNice = 19;
constexpr std::int32_t kMaxIoPriority = 7;
constexpr std::uint32_t kMaxUmask = 0777;

void check_args(const Process& process, const std::string& path) {
    if (process.args.empty()) {
        refuse(member_path(path, "args"), "must not be empty");
    }
}

void check_cwd(const Process& process, const std::string& path) {
    if (process.cwd.empty()) {
        refuse(member_path(path, "cwd"), "must not be empty");
    }
    if (!is_absolute(process.cwd)) {
        refuse(member_path(path, "cwd"), "must be an absolute path, not " + in_quotes(process.cwd));
    }
}

void check_env(const Process& process, const std::string& path) {
    for (std::size_t i = 0; i < process.env.size(); ++i) {
        const auto equals = process.env[i].find('=');
        if (equals == std::string::npos || equals == 0) {
            refuse(element_path(member_path(path, "env"), i), "must have the form NAME=value");
        }
    }
}

void check_id(std::uint32_t id, const std::string& path) {
    if (id > kMaxId) {
        refuse(path,
               "is " + std::to_string(id) + "; uids and gids must be in range 0-" +
                   std::to_string(kMaxId));
    }
}

void check_user(const Process& process, const std::string& path) {
    const std::string user = member_path(path, "user");
    check_id(process.user.uid, user + ".uid");
    check_id(process.user.gid, user + ".gid");
    for (std::size_t i = 0; i < process.user.additional_gids.size(); ++i) {
        check_id(process.user.additional_gids[i], element_path(user + ".additionalGids", i));
    }
    if (process.user.umask && *process.user.umask > kMaxUmask) {
        refuse(user + ".umask", "must be at most 511 (0777)");
    }
}

void check_rlimits(const Process& process, const std::string& path) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < process.rlimits.size(); ++i) {
        const Rlimit& limit = process.rlimits[i];
        const std::string element = element_path(member_path(path, "rlimits"), i);
        require_one_of(element + ".type",
                       limit.type,
                       {"RLIMIT_AS",
                        "RLIMIT_CORE",
                        "RLIMIT_CPU",
                        "RLIMIT_DATA",
                        "RLIMIT_FSIZE",
                        "RLIMIT_LOCKS",
                        "RLIMIT_MEMLOCK",
                        "RLIMIT_MSGQUEUE",
                        "RLIMIT_NICE",
                        "RLIMIT_NOFILE",
                        "RLIMIT_NPROC",
                        "RLIMIT_RSS",
                        "RLIMIT_RTPRIO",
                        "RLIMIT_RTTIME",
                        "RLIMIT_SIGPENDING",
                        "RLIMIT_STACK"});
        if (!seen.insert(limit.type).second) {
            refuse(element + ".type", "repeats " + in_quotes(limit.type));
        }
        if (limit.soft > limit.hard) {
            refuse(element + ".soft", "must not be above the hard limit");
        }
    }
}

void check_capability_set(const std::vector<std::string>& set,
                          const std::string& path,
                          Warnings& warnings) {
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (!is_capability(set[i])) {
            warnings.push_back(element_path(path, i) + " " + in_quotes(set[i]) +
                               " is an unknown capability and ignored");
        }
    }
}

// A capability that cannot be granted is a warning: newer engines know newer kernels.
void check_capabilities(const Process& process, const std::string& path, Warnings& warnings) {
    if (!process.capabilities) {
        return;
    }
    const std::string sets = member_path(path, "capabilities");
    check_capability_set(process.capabilities->bounding, sets + ".bounding", warnings);
    check_capability_set(process.capabilities->effective, sets + ".effective", warnings);
    check_capability_set(process.capabilities->inheritable, sets + ".inheritable", warnings);
    check_capability_set(process.capabilities->permitted, sets + ".permitted", warnings);
    check_capability_set(process.capabilities->ambient, sets + ".ambient", warnings);
}

void check_oom_score(const Process& process, const std::string& path) {
    const auto score = process.oom_score_adj.value_or(0);
    if (score < -kMaxOomScore || score > kMaxOomScore) {
        refuse(member_path(path, "oomScoreAdj"),
               "must be between -1000 and 1000, not " + std::to_string(score));
    }
}

void check_scheduler(const Process& process, const std::string& path) {
    if (!process.scheduler) {
        return;
    }
    const std::string scheduler = member_path(path, "scheduler");
    require_one_of(scheduler + ".policy",
                   process.scheduler->policy,
                   {"SCHED_OTHER",
                    "SCHED_FIFO",
                    "SCHED_RR",
                    "SCHED_BATCH",
                    "SCHED_ISO",
                    "SCHED_IDLE",
                    "SCHED_DEADLINE"});
    for (std::size_t i = 0; i < process.scheduler->flags.size(); ++i) {
        require_one_of(element_path(scheduler + ".flags", i),
                       process.scheduler->flags[i],
                       {"SCHED_FLAG_RESET_ON_FORK",
                        "SCHED_FLAG_RECLAIM",
                        "SCHED_FLAG_DL_OVERRUN",
                        "SCHED_FLAG_KEEP_POLICY",
                        "SCHED_FLAG_KEEP_PARAMS",
                        "SCHED_FLAG_UTIL_CLAMP_MIN",
                        "SCHED_FLAG_UTIL_CLAMP_MAX"});
    }
    const auto nice = process.scheduler->nice.value_or(0);
    if (nice < kMinNice || nice > kMaxNice) {
        refuse(scheduler + ".nice", "must be between -20 and 19, not " + std::to_string(nice));
    }
}

void check_io_priority(const Process& process, const std::string& path) {
    if (!process.io_priority) {
        return;
    }
    const std::string priority = member_path(path, "ioPriority");
    require_one_of(priority + ".class",
                   process.io_priority->io_class,
                   {"IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"});
    if (process.io_priority->priority < 0 || process.io_priority->priority > kMaxIoPriority) {
        refuse(priority + ".priority",
               "must be between 0 and 7, not " + std::to_string(process.io_priority->priority));
    }
}

}  // namespace

void check_process(const Process& process, const std::string& path, Warnings& warnings) {
    check_cwd(process, path);
    check_args(process, path);
    check_env(process, path);
    check_user(process, path);
    check_rlimits(process, path);
    check_capabilities(process, path, warnings);
    check_oom_score(process, path);
    check_scheduler(process, path);
    check_io_priority(process, path);
}

}  // namespace kata::oci
