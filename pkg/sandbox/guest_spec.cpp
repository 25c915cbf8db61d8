#include "pkg/sandbox/guest_spec.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "pkg/oci/capability_names.h"
#include "pkg/oci/spec_json.h"
#include "pkg/sandbox/devices.h"
#include "pkg/sandbox/share.h"

namespace kata::sandbox {
namespace {

using nlohmann::json;

// crun of the guest refuses versions it does not know; what newer ones add is left out or ignored.
constexpr const char* kGuestOciVersion = "1.0.2";

void remove_labels(json& process) {
    process.erase("apparmorProfile");
    process.erase("selinuxLabel");
}

// The specification has unknown ones ignored, with the warning that validation gave; crun refuses
// them.
void remove_unknown_capabilities(json& process) {
    if (!process.contains("capabilities") || !process["capabilities"].is_object()) {
        return;
    }
    for (json& set : process["capabilities"]) {
        json known = json::array();
        for (const json& name : set) {
            if (name.is_string() && oci::is_capability(name.get<std::string>())) {
                known.push_back(name);
            }
        }
        set = known;
    }
}

// Engines name a group twice that the image and the user both ask for; runc gives it once, crun
// twice.
void remove_repeated_groups(json& process) {
    if (!process.contains("user") || !process["user"].is_object() ||
        !process["user"].contains("additionalGids") ||
        !process["user"]["additionalGids"].is_array()) {
        return;
    }
    json once = json::array();
    for (const json& group : process["user"]["additionalGids"]) {
        if (std::find(once.begin(), once.end(), group) == once.end()) {
            once.push_back(group);
        }
    }
    process["user"]["additionalGids"] = once;
}

void convert_process(json& process) {
    remove_labels(process);
    remove_unknown_capabilities(process);
    remove_repeated_groups(process);
}

void convert_hooks(json& document) {
    json kept = json::object();
    if (document.contains("hooks") && document["hooks"].is_object() &&
        document["hooks"].contains("startContainer")) {
        kept["startContainer"] = document["hooks"]["startContainer"];
    }
    document.erase("hooks");
    if (!kept.empty()) {
        document["hooks"] = kept;
    }
}

bool is_below_cgroups(const json& mount) {
    return mount.value("destination", "").starts_with("/sys/fs/cgroup");
}

// A directory of the guest's memory by name; kata-agent makes it at its first use.
json guest_shm(const json& mount, const PlannedMount& planned) {
    json options = {"nosuid", "noexec", "nodev", "mode=1777"};
    options.push_back("size=" + std::to_string(planned.size_bytes));
    if (planned.read_only) {
        options.push_back("ro");
    }
    return {{"destination", mount.at("destination")},
            {"type", "tmpfs"},
            {"source", kSharedMemoryPrefix + planned.memory_key},
            {"options", options}};
}

// systemd under cgroup v1 gets a hierarchy of its own to write to; in the guest that is the one
// there is.
void make_cgroups_writable(json& mounts) {
    for (json& mount : mounts) {
        if (mount.value("type", "").starts_with("cgroup") && mount.contains("options")) {
            std::erase(mount["options"].get_ref<json::array_t&>(), json("ro"));
        }
    }
}

void convert_mount(json& mount, const PlannedMount& planned) {
    mount.erase("uidMappings");
    mount.erase("gidMappings");
    if (planned.kind == PlannedMount::Kind::shared) {
        mount["source"] = std::string(kGuestShareDir) + "/" + planned.share_path;
        mount["type"] = "bind";
    } else if (planned.kind == PlannedMount::Kind::guest_bind) {
        mount["source"] = planned.source.path.native();
    } else if (planned.kind == PlannedMount::Kind::disk) {
        mount["source"] = planned.disk.guest_source;
        mount["type"] = "bind";
        mount["options"] = planned.disk.options;
    } else if (planned.kind == PlannedMount::Kind::shared_memory) {
        mount = guest_shm(mount, planned);
    } else if (planned.kind == PlannedMount::Kind::pod_memory) {
        mount["source"] = kPodVolumePrefix + planned.memory_key;
        mount["type"] = planned.memory.fs_type;
        mount["volumeOptions"] = planned.memory.options;
    }
}

void convert_mounts(json& document, const MountPlan& plan) {
    if (!document.contains("mounts") || !document["mounts"].is_array()) {
        return;
    }
    json kept = json::array();
    bool writable_cgroups = false;
    for (const PlannedMount& planned : plan.mounts) {
        json& mount = document["mounts"].at(planned.index);
        if (planned.kind == PlannedMount::Kind::left_out) {
            writable_cgroups |= is_below_cgroups(mount) && !planned.read_only;
            continue;
        }
        convert_mount(mount, planned);
        kept.push_back(std::move(mount));
    }
    if (writable_cgroups) {
        make_cgroups_writable(kept);
    }
    document["mounts"] = std::move(kept);
}

void convert_namespaces(json& linux_section, const GuestNamespaces& resolved) {
    json kept = json::array();
    for (json name_space : linux_section.value("namespaces", json::array())) {
        const auto type = name_space.value("type", "");
        if (type == "network" || type == "user" || type == "time" ||
            resolved.of_guest.contains(type)) {
            continue;
        }
        name_space.erase("path");
        if (const auto member = resolved.of_member.find(type); member != resolved.of_member.end()) {
            name_space["path"] = kMemberNamespacePrefix + member->second;
        }
        kept.push_back(name_space);
    }
    // Engines on a host with cgroup v1 do not ask for one, because v1 shows a container its own
    // cgroups anyway. The guest's v2 would show it those of the whole machine.
    if (std::none_of(kept.begin(), kept.end(), [](const json& name_space) {
            return name_space.value("type", "") == "cgroup";
        })) {
        kept.push_back({{"type", "cgroup"}});
    }
    linux_section["namespaces"] = kept;
}

// Under cgroup v2 a guest has one swappiness, for all of its containers. kata-agent sets sysctls of
// the guest.
void convert_swappiness(json& linux_section) {
    const json::json_pointer swappiness("/resources/memory/swappiness");
    if (linux_section.contains(swappiness) && linux_section[swappiness].is_number_unsigned()) {
        json& sysctls = linux_section["sysctl"];
        if (!sysctls.is_object()) {
            sysctls = json::object();
        }
        sysctls.emplace("vm.swappiness", linux_section[swappiness].dump());
    }
}

// Engines name every size of the host's pages and limit nearly all of them to nothing.
void keep_huge_pages(json& resources) {
    json kept = json::array();
    for (const json& limit : resources.value("hugepageLimits", json::array())) {
        if (limit.is_object() && limit.value("limit", json(0)).is_number_unsigned() &&
            limit.value("limit", std::uint64_t{0}) > 0) {
            kept.push_back(limit);
        }
    }
    resources.erase("hugepageLimits");
    if (!kept.empty()) {
        resources["hugepageLimits"] = std::move(kept);
    }
}

void convert_resources(json& linux_section) {
    if (!linux_section.contains("resources") || !linux_section["resources"].is_object()) {
        return;
    }
    json& resources = linux_section["resources"];
    for (const char* name : {"blockIO", "network", "rdma"}) {
        resources.erase(name);
    }
    keep_huge_pages(resources);
    if (resources.contains("cpu") && resources["cpu"].is_object()) {
        for (const char* name : {"cpus", "mems", "realtimeRuntime", "realtimePeriod"}) {
            resources["cpu"].erase(name);
        }
    }
    if (resources.contains("memory") && resources["memory"].is_object()) {
        for (const char* name :
             {"kernel", "kernelTCP", "swappiness", "disableOOMKiller", "useHierarchy"}) {
            resources["memory"].erase(name);
        }
    }
}

// Without a uts namespace of its own a container has the guest's name.
void remove_names_of_guest(json& document, const GuestNamespaces& namespaces) {
    if (namespaces.of_guest.contains("uts")) {
        document.erase("hostname");
        document.erase("domainname");
    }
}

void convert_linux(json& document,
                   const GuestNamespaces& namespaces,
                   const std::string& container_id,
                   const std::vector<GuestDiskNode>& disks) {
    json& linux_section = document["linux"];
    if (!linux_section.is_object()) {
        linux_section = json::object();
    }
    for (const char* name :
         {"uidMappings", "gidMappings", "mountLabel", "intelRdt", "netDevices", "timeOffsets"}) {
        linux_section.erase(name);
    }
    linux_section["cgroupsPath"] = "/kata/" + container_id;
    convert_namespaces(linux_section, namespaces);
    keep_guest_devices(linux_section, disks);
    convert_swappiness(linux_section);
    convert_resources(linux_section);
}

}  // namespace

std::string guest_spec(const oci::Spec& spec,
                       const MountPlan& plan,
                       const GuestNamespaces& namespaces,
                       const std::string& container_id,
                       const std::string& guest_root,
                       const std::vector<GuestDiskNode>& disks,
                       const std::map<std::string, std::string>& annotations) {
    json document = spec.document;
    document["ociVersion"] = kGuestOciVersion;
    document["root"]["path"] = guest_root;
    document["annotations"] = annotations;
    for (const char* platform : {"windows", "solaris", "vm", "zos", "freebsd"}) {
        document.erase(platform);
    }
    if (document.contains("process") && document["process"].is_object()) {
        convert_process(document["process"]);
    }
    convert_hooks(document);
    convert_mounts(document, plan);
    convert_linux(document, namespaces, container_id, disks);
    remove_names_of_guest(document, namespaces);
    return document.dump();
}

std::string guest_process(const std::string& process_json) {
    json process = oci::parse_json(process_json, "process");
    convert_process(process);
    return process.dump();
}

}  // namespace kata::sandbox
