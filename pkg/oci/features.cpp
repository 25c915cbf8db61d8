#include "pkg/oci/features.h"

#include <nlohmann/json.hpp>

#include "pkg/oci/capability_names.h"
#include "pkg/oci/default_spec.h"
#include "pkg/oci/seccomp_names.h"

namespace kata::oci {
namespace {

using Json = nlohmann::ordered_json;

// Every word that crun of the guest takes for a mount flag or a propagation. "rro" and its like are
// left out: read-only is enforced on the host, where it is not recursive.
Json mount_options() {
    return {"async",      "atime",      "bind",      "defaults",   "dev",
            "diratime",   "dirsync",    "exec",      "iversion",   "lazytime",
            "mand",       "noatime",    "nodev",     "nodiratime", "noexec",
            "noiversion", "nolazytime", "nomand",    "norelatime", "nostrictatime",
            "nosuid",     "private",    "rbind",     "relatime",   "remount",
            "ro",         "rprivate",   "rshared",   "rslave",     "runbindable",
            "rw",         "shared",     "silent",    "slave",      "strictatime",
            "suid",       "sync",       "tmpcopyup", "unbindable"};
}

Json capabilities() {
    Json names = Json::array();
    for (const auto name : capability_names()) {
        names.push_back(name);
    }
    return names;
}

// NOTIFY needs a listener on the host, which validation refuses.
Json seccomp_actions() {
    Json names = Json::array();
    for (const auto name : kSeccompActions) {
        if (name != "SCMP_ACT_NOTIFY") {
            names.push_back(name);
        }
    }
    return names;
}

Json seccomp() {
    return {{"enabled", true},
            {"actions", seccomp_actions()},
            {"operators", Json(kSeccompOperators)},
            {"archs", {"SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64"}},
            {"knownFlags", Json(kSeccompKnownFlags)},
            {"supportedFlags", Json(kSeccompKnownFlags)}};
}

Json linux_features() {
    return {
        {"namespaces", {"cgroup", "ipc", "mount", "network", "pid", "uts"}},
        {"capabilities", capabilities()},
        {"cgroup",
         {{"v1", true}, {"v2", true}, {"systemd", true}, {"systemdUser", false}, {"rdma", false}}},
        {"seccomp", seccomp()},
        {"apparmor", {{"enabled", false}}},
        {"selinux", {{"enabled", false}}},
        {"intelRdt", {{"enabled", false}}},
        {"mountExtensions", {{"idmap", {{"enabled", false}}}}}};
}

}  // namespace

std::string features_json(const std::string& version) {
    const Json features{{"ociVersionMin", "1.0.0"},
                        {"ociVersionMax", kOciVersion},
                        {"hooks",
                         {"prestart",
                          "createRuntime",
                          "createContainer",
                          "startContainer",
                          "poststart",
                          "poststop"}},
                        {"mountOptions", mount_options()},
                        {"linux", linux_features()},
                        {"annotations",
                         {{"io.katacontainers.version", version},
                          {"org.opencontainers.runc.checkpoint.enabled", "false"}}}};
    return features.dump(4) + "\n";
}

}  // namespace kata::oci
