#include "pkg/agent/guest/process_attributes.h"

#include <linux/sched.h>

#include <array>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

using nlohmann::json;

template <typename Value>
struct Named {
    std::string_view name;
    Value value;
};

constexpr std::array kPolicies{
    Named<unsigned>{"SCHED_OTHER", SCHED_NORMAL},
    Named<unsigned>{"SCHED_FIFO", SCHED_FIFO},
    Named<unsigned>{"SCHED_RR", SCHED_RR},
    Named<unsigned>{"SCHED_BATCH", SCHED_BATCH},
    Named<unsigned>{"SCHED_ISO", 4},
    Named<unsigned>{"SCHED_IDLE", SCHED_IDLE},
    Named<unsigned>{"SCHED_DEADLINE", SCHED_DEADLINE},
};

constexpr std::array kFlags{
    Named<unsigned long>{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
    Named<unsigned long>{"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
    Named<unsigned long>{"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
    Named<unsigned long>{"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
    Named<unsigned long>{"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
    Named<unsigned long>{"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
    Named<unsigned long>{"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
};

constexpr std::array kIoClasses{
    Named<int>{"IOPRIO_CLASS_RT", 1},
    Named<int>{"IOPRIO_CLASS_BE", 2},
    Named<int>{"IOPRIO_CLASS_IDLE", 3},
};
constexpr int kIoClassShift = 13;

template <typename Table>
auto value_of(const Table& table, const std::string& name, const char* field) {
    for (const auto& entry : table) {
        if (entry.name == name) {
            return entry.value;
        }
    }
    throw base::Error(
        base::ErrorCode::invalid_argument,
        "invalid " + std::string(field) + ": unknown value \"" + base::printable(name, 64) + "\"");
}

SchedulerAttributes scheduler_of(const json& scheduler) {
    SchedulerAttributes attributes;
    attributes.policy =
        value_of(kPolicies, scheduler.at("policy").get<std::string>(), "process.scheduler.policy");
    attributes.nice = scheduler.value("nice", 0);
    attributes.priority = scheduler.value("priority", 0U);
    attributes.runtime = scheduler.value("runtime", 0UL);
    attributes.deadline = scheduler.value("deadline", 0UL);
    attributes.period = scheduler.value("period", 0UL);
    for (const json& flag : scheduler.value("flags", json::array())) {
        attributes.flags |= value_of(kFlags, flag.get<std::string>(), "process.scheduler.flags");
    }
    return attributes;
}

int io_priority_of(const json& priority) {
    const int io_class =
        value_of(kIoClasses, priority.at("class").get<std::string>(), "process.ioPriority.class");
    return io_class << kIoClassShift | (priority.value("priority", 0) & 7);
}

}  // namespace

InheritedAttributes inherited_attributes(const json& process) {
    InheritedAttributes attributes;
    try {
        const json scheduler = process.value("scheduler", json());
        if (scheduler.is_object() && !scheduler.empty()) {
            attributes.scheduler = scheduler_of(scheduler);
        }
        const json priority = process.value("ioPriority", json());
        if (priority.is_object() && !priority.empty()) {
            attributes.io_priority = io_priority_of(priority);
        }
        const json oom_score = process.value("oomScoreAdj", json());
        if (!oom_score.is_null()) {
            attributes.oom_score_adjustment = oom_score.get<int>();
        }
    } catch (const json::exception& error) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "invalid process.scheduler, process.ioPriority or process.oomScoreAdj",
                          base::printable(error.what(), 256));
    }
    return attributes;
}

}  // namespace kata::agent::guest
