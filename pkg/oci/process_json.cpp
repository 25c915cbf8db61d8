#include "pkg/oci/spec_parts.h"

namespace kata::oci {
namespace {

ConsoleSize read_console_size(const JsonView& object) {
    ConsoleSize size;
    object.read("height", size.height);
    object.read("width", size.width);
    return size;
}

User read_user(const JsonView& object) {
    User user;
    object.read("uid", user.uid);
    object.read("gid", user.gid);
    object.read("umask", user.umask);
    object.read("additionalGids", user.additional_gids);
    return user;
}

Capabilities read_capabilities(const JsonView& object) {
    Capabilities sets;
    object.read("bounding", sets.bounding);
    object.read("effective", sets.effective);
    object.read("inheritable", sets.inheritable);
    object.read("permitted", sets.permitted);
    object.read("ambient", sets.ambient);
    return sets;
}

Rlimit read_rlimit(const JsonView& object) {
    Rlimit limit;
    object.read("type", limit.type);
    object.read("soft", limit.soft);
    object.read("hard", limit.hard);
    return limit;
}

Scheduler read_scheduler(const JsonView& object) {
    Scheduler scheduler;
    object.read("policy", scheduler.policy);
    object.read("nice", scheduler.nice);
    object.read("priority", scheduler.priority);
    object.read("flags", scheduler.flags);
    return scheduler;
}

IoPriority read_io_priority(const JsonView& object) {
    IoPriority priority;
    object.read("class", priority.io_class);
    object.read("priority", priority.priority);
    return priority;
}

}  // namespace

Process read_process(const JsonView& object) {
    Process process;
    object.read("terminal", process.terminal);
    if (const auto size = object.find("consoleSize")) {
        process.console_size = read_console_size(*size);
    }
    if (const auto user = object.find("user")) {
        process.user = read_user(*user);
    }
    object.read("args", process.args);
    object.read("env", process.env);
    object.read("cwd", process.cwd);
    if (const auto capabilities = object.find("capabilities")) {
        process.capabilities = read_capabilities(*capabilities);
    }
    object.read_list("rlimits", process.rlimits, read_rlimit);
    object.read("noNewPrivileges", process.no_new_privileges);
    object.read("apparmorProfile", process.apparmor_profile);
    object.read("selinuxLabel", process.selinux_label);
    object.read("oomScoreAdj", process.oom_score_adj);
    if (const auto scheduler = object.find("scheduler")) {
        process.scheduler = read_scheduler(*scheduler);
    }
    if (const auto priority = object.find("ioPriority")) {
        process.io_priority = read_io_priority(*priority);
    }
    process.document = object.value();
    return process;
}

}  // namespace kata::oci
