#include "pkg/oci/default_spec.h"

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"

namespace kata::oci {
namespace {

using Json = nlohmann::ordered_json;

Json default_process() {
    const Json capabilities{"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
    return {{"terminal", true},
            {"user", {{"uid", 0}, {"gid", 0}}},
            {"args", Json::array({"sh"})},
            {"env",
             Json::array({"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                          "TERM=xterm"})},
            {"cwd", "/"},
            {"capabilities",
             {{"bounding", capabilities},
              {"effective", capabilities},
              {"permitted", capabilities},
              {"ambient", capabilities}}},
            {"rlimits", Json::array({{{"type", "RLIMIT_NOFILE"}, {"hard", 1024}, {"soft", 1024}}})},
            {"noNewPrivileges", true}};
}

Json mount(const char* destination,
           const char* type,
           const char* source,
           const std::vector<std::string>& options) {
    Json object{{"destination", destination}, {"type", type}, {"source", source}};
    if (!options.empty()) {
        object["options"] = options;
    }
    return object;
}

Json default_mounts() {
    return Json::array(
        {mount("/proc", "proc", "proc", {}),
         mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
         mount("/dev/pts",
               "devpts",
               "devpts",
               {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
         mount(
             "/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
         mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
         mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
         mount("/sys/fs/cgroup",
               "cgroup",
               "cgroup",
               {"nosuid", "noexec", "nodev", "relatime", "ro"})});
}

Json default_linux() {
    Json namespaces = Json::array();
    for (const char* type : {"pid", "network", "ipc", "uts", "mount"}) {
        namespaces.push_back({{"type", type}});
    }
    return {{"resources", {{"devices", Json::array({{{"allow", false}, {"access", "rwm"}}})}}},
            {"namespaces", namespaces},
            {"maskedPaths",
             {"/proc/acpi",
              "/proc/asound",
              "/proc/kcore",
              "/proc/keys",
              "/proc/latency_stats",
              "/proc/timer_list",
              "/proc/timer_stats",
              "/proc/sched_debug",
              "/sys/firmware",
              "/proc/scsi"}},
            {"readonlyPaths",
             {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}}};
}

}  // namespace

std::string default_spec_json() {
    const Json spec{{"ociVersion", kOciVersion},
                    {"process", default_process()},
                    {"root", {{"path", "rootfs"}, {"readonly", true}}},
                    {"hostname", "kata"},
                    {"mounts", default_mounts()},
                    {"linux", default_linux()}};
    return spec.dump(1, '\t');
}

void refuse_rootless_spec() {
    throw base::Error(base::ErrorCode::unsupported,
                      "cannot write a rootless spec: it needs a user namespace, which a container "
                      "in a VM does not get; run spec without --rootless, as root");
}

}  // namespace kata::oci
