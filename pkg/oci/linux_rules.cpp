#include <filesystem>
#include <set>

#include "pkg/oci/json_view.h"
#include "pkg/oci/rules.h"
#include "pkg/oci/seccomp_names.h"

namespace kata::oci {
namespace {

constexpr std::string_view kUserNamespaceAdvice =
    "asks for a user namespace, which a container in a VM does not get; run it without id "
    "mappings (no --userns, --uidmap, userns-remap), the VM keeps its root apart from the host's";

constexpr std::string_view kHostNetworkAdvice =
    "host networking cannot be given to a container in a VM; use a network of its own (docker and "
    "podman: without --network host) and publish its ports";

void check_namespace_path(const Namespace& name_space, const std::string& path) {
    if (!name_space.path.empty() && !is_absolute(name_space.path)) {
        refuse(path + ".path", "must be an absolute path, not " + in_quotes(name_space.path));
    }
}

void check_namespaces(const Linux& section) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < section.namespaces.size(); ++i) {
        const Namespace& name_space = section.namespaces[i];
        const std::string path = element_path("linux.namespaces", i);
        require_one_of(path + ".type",
                       name_space.type,
                       {"pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"});
        if (!seen.insert(name_space.type).second) {
            refuse(path + ".type", "repeats " + in_quotes(name_space.type));
        }
        check_namespace_path(name_space, path);
        if (name_space.type == "user") {
            refuse_unsupported(path, std::string(kUserNamespaceAdvice));
        }
    }
}

void check_id_mappings(const Linux& section) {
    if (!section.uid_mappings.empty()) {
        refuse_unsupported("linux.uidMappings", std::string(kUserNamespaceAdvice));
    }
    if (!section.gid_mappings.empty()) {
        refuse_unsupported("linux.gidMappings", std::string(kUserNamespaceAdvice));
    }
}

void check_paths(const std::vector<std::string>& paths, const std::string& path) {
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (!is_absolute(paths[i])) {
            refuse(element_path(path, i), "must be an absolute path, not " + in_quotes(paths[i]));
        }
    }
}

void check_propagation(const Linux& section) {
    if (!section.rootfs_propagation.empty()) {
        require_one_of("linux.rootfsPropagation",
                       section.rootfs_propagation,
                       {"shared",
                        "slave",
                        "private",
                        "unbindable",
                        "rshared",
                        "rslave",
                        "rprivate",
                        "runbindable"});
    }
}

void check_cgroups_path(const Linux& section) {
    for (const auto& component : std::filesystem::path(section.cgroups_path)) {
        if (component == "..") {
            refuse("linux.cgroupsPath",
                   "must not contain \"..\": " + in_quotes(section.cgroups_path));
        }
    }
}

void check_devices(const Linux& section) {
    for (std::size_t i = 0; i < section.devices.size(); ++i) {
        const std::string path = element_path("linux.devices", i);
        if (!is_absolute(section.devices[i].path)) {
            refuse(path + ".path",
                   "must be an absolute path, not " + in_quotes(section.devices[i].path));
        }
        require_one_of(path + ".type", section.devices[i].type, {"c", "b", "u", "p"});
    }
}

void check_device_rules(const Resources& resources) {
    for (std::size_t i = 0; i < resources.devices.size(); ++i) {
        const DeviceRule& rule = resources.devices[i];
        const std::string path = element_path("linux.resources.devices", i);
        if (!rule.type.empty()) {
            require_one_of(path + ".type", rule.type, {"a", "c", "b"});
        }
        if (rule.access.find_first_not_of("rwm") != std::string::npos) {
            refuse(path + ".access", "must be made of r, w and m, not " + in_quotes(rule.access));
        }
    }
}

void check_limit(const std::optional<std::int64_t>& limit, const std::string& path) {
    if (limit.value_or(0) < -1) {
        refuse(path, "must be -1 (no limit) or more, not " + std::to_string(*limit));
    }
}

void check_cpu_list(const std::string& list, const std::string& path) {
    if (list.find_first_not_of("0123456789-, \n") != std::string::npos) {
        refuse(path, "must be a list such as \"0-3,7\", not " + in_quotes(list));
    }
}

void check_resources(const Resources& resources) {
    check_device_rules(resources);
    check_limit(resources.memory.limit, "linux.resources.memory.limit");
    check_limit(resources.memory.reservation, "linux.resources.memory.reservation");
    check_limit(resources.memory.swap, "linux.resources.memory.swap");
    check_cpu_list(resources.cpu.cpus, "linux.resources.cpu.cpus");
    check_cpu_list(resources.cpu.mems, "linux.resources.cpu.mems");
}

void check_each(const std::vector<std::string>& values,
                const std::string& path,
                std::span<const std::string_view> allowed) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        require_one_of(element_path(path, i), values[i], allowed);
    }
}

void check_seccomp_rule(const SeccompRule& rule, const std::string& path) {
    if (rule.names.empty()) {
        refuse(path + ".names", "must not be empty");
    }
    require_one_of(path + ".action", rule.action, kSeccompActions);
    for (std::size_t i = 0; i < rule.operators.size(); ++i) {
        require_one_of(
            element_path(path + ".args", i) + ".op", rule.operators[i], kSeccompOperators);
    }
}

void check_seccomp(const Linux& section) {
    if (!section.seccomp) {
        return;
    }
    const Seccomp& seccomp = *section.seccomp;
    require_one_of("linux.seccomp.defaultAction", seccomp.default_action, kSeccompActions);
    check_each(seccomp.architectures, "linux.seccomp.architectures", kSeccompKnownArchitectures);
    check_each(seccomp.flags, "linux.seccomp.flags", kSeccompKnownFlags);
    for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i) {
        check_seccomp_rule(seccomp.syscalls[i], element_path("linux.seccomp.syscalls", i));
    }
    if (!seccomp.listener_path.empty()) {
        refuse_unsupported("linux.seccomp.listenerPath",
                           "names a socket of the host, which the VM's kernel cannot notify; use "
                           "a profile without SCMP_ACT_NOTIFY");
    }
}

// Dots and slashes both separate the directories of a key, so that ".." and "//" would leave
// /proc/sys.
void check_sysctl(const Linux& section) {
    for (const auto& [key, value] : section.sysctl) {
        const std::string path = member_path("linux.sysctl", key);
        const bool doubled =
            key.find("..") != std::string::npos || key.find("//") != std::string::npos ||
            key.find("/.") != std::string::npos || key.find("./") != std::string::npos;
        if (key.empty() || doubled || is_one_of(key.substr(0, 1), {".", "/"})) {
            refuse(path, "is not the name of a kernel parameter, such as \"net.ipv4.ip_forward\"");
        }
        if (value.find('\n') != std::string::npos) {
            refuse(path, "must be one line");
        }
    }
}

void check_personality(const Linux& section) {
    if (!section.personality_domain.empty()) {
        require_one_of(
            "linux.personality.domain", section.personality_domain, {"LINUX", "LINUX32"});
    }
}

bool has_member(const Spec& spec, const char* name) {
    const auto section = spec.document.find("linux");
    if (section == spec.document.end() || !section->is_object()) {
        return false;
    }
    const auto member = section->find(name);
    return member != section->end() && !member->is_null() && !member->empty();
}

void check_time_offsets(const Spec& spec) {
    if (has_member(spec, "timeOffsets")) {
        refuse_unsupported("linux.timeOffsets",
                           "asks for a clock of its own, which the VM's containers do not get; "
                           "remove it");
    }
}

void check_intel_rdt(const Spec& spec) {
    const auto section = spec.document.find("linux");
    if (section != spec.document.end() && section->is_object() && section->contains("intelRdt") &&
        !(*section)["intelRdt"].is_null()) {
        refuse_unsupported("linux.intelRdt",
                           "asks for cache allocation, which the processors of a VM do not have; "
                           "remove it");
    }
}

}  // namespace

void check_network(const Spec& spec) {
    const Namespace* network = find_namespace(spec, "network");
    if (network == nullptr) {
        refuse_unsupported("linux.namespaces",
                           "has no \"network\": " + std::string(kHostNetworkAdvice));
    }
    if (network->path == "/proc/1/ns/net") {
        refuse_unsupported("linux.namespaces",
                           "names the host's \"network\": " + std::string(kHostNetworkAdvice));
    }
}

// runc's words: engines' users know them.
void check_names(const Spec& spec) {
    if (find_namespace(spec, "uts") == nullptr &&
        (!spec.hostname.empty() || !spec.domainname.empty())) {
        refuse(spec.hostname.empty() ? "domainname" : "hostname",
               "is set: unable to set hostname without a private UTS namespace");
    }
}

void check_linux(const Spec& spec) {
    if (spec.linux_) {
        check_namespaces(*spec.linux_);
        check_id_mappings(*spec.linux_);
        check_propagation(*spec.linux_);
        check_cgroups_path(*spec.linux_);
        check_devices(*spec.linux_);
        check_resources(spec.linux_->resources);
        check_seccomp(*spec.linux_);
        check_sysctl(*spec.linux_);
        check_paths(spec.linux_->masked_paths, "linux.maskedPaths");
        check_paths(spec.linux_->readonly_paths, "linux.readonlyPaths");
        check_personality(*spec.linux_);
        check_intel_rdt(spec);
        check_time_offsets(spec);
    }
}

void validate_resources(const Resources& resources) {
    check_resources(resources);
}

}  // namespace kata::oci
