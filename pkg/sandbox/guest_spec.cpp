#include "pkg/sandbox/guest_spec.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "pkg/oci/capability_names.h"
#include "pkg/oci/spec_json.h"
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

// Engines name a group twice that the image and the user both ask for; runc gives it once, crun twice.
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

json guest_shm(const json& mount, const PlannedMount& planned) {
    return {
        {"destination", mount.at("destination")},
        {"type", "tmpfs"},
        {"source", "shm"},
        {"options",
         {"nosuid", "noexec", "nodev", "mode=1777", "size=" + std::to_string(planned.size_bytes)}}};
}

void convert_mounts(json& document, const MountPlan& plan) {
    if (!document.contains("mounts") || !document["mounts"].is_array()) {
        return;
    }
    json& mounts = document["mounts"];
    for (const PlannedMount& planned : plan.mounts) {
        json& mount = mounts.at(planned.index);
        mount.erase("uidMappings");
        mount.erase("gidMappings");
        if (planned.kind == PlannedMount::Kind::shared) {
            mount["source"] = std::string(kGuestShareDir) + "/" + planned.share_path;
            mount["type"] = "bind";
        } else if (planned.kind == PlannedMount::Kind::shared_memory) {
            mount = guest_shm(mount, planned);
        }
    }
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
    linux_section["namespaces"] = kept;
}

// The nodes every kernel has under the same numbers: memory devices, terminals, tun and fuse.
bool exists_in_guest(const json& device) {
    const auto type = device.value("type", "");
    const auto major = device.value("major", std::int64_t{0});
    const auto minor = device.value("minor", std::int64_t{0});
    if (type == "p") {
        return true;
    }
    const bool character = type == "c" || type == "u";
    return character &&
           (major == 1 || major == 5 || (major == 10 && (minor == 200 || minor == 229)));
}

void convert_devices(json& linux_section) {
    if (!linux_section.contains("devices")) {
        return;
    }
    json kept = json::array();
    for (const json& device : linux_section["devices"]) {
        if (exists_in_guest(device)) {
            kept.push_back(device);
        }
    }
    linux_section["devices"] = kept;
}

void convert_resources(json& linux_section) {
    if (!linux_section.contains("resources") || !linux_section["resources"].is_object()) {
        return;
    }
    json& resources = linux_section["resources"];
    for (const char* name : {"blockIO", "hugepageLimits", "network", "rdma"}) {
        resources.erase(name);
    }
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

void convert_linux(json& document,
                   const GuestNamespaces& namespaces,
                   const std::string& container_id) {
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
    convert_devices(linux_section);
    convert_resources(linux_section);
}

}  // namespace

std::string guest_spec(const oci::Spec& spec,
                       const MountPlan& plan,
                       const GuestNamespaces& namespaces,
                       const std::string& container_id,
                       const std::string& guest_root) {
    json document = spec.document;
    document["ociVersion"] = kGuestOciVersion;
    document["root"]["path"] = guest_root;
    document["annotations"] = json::object();
    for (const char* platform : {"windows", "solaris", "vm", "zos", "freebsd"}) {
        document.erase(platform);
    }
    if (document.contains("process") && document["process"].is_object()) {
        convert_process(document["process"]);
    }
    convert_hooks(document);
    convert_mounts(document, plan);
    convert_linux(document, namespaces, container_id);
    return document.dump();
}

std::string guest_process(const std::string& process_json) {
    json process = oci::parse_json(process_json, "process");
    convert_process(process);
    return process.dump();
}

}  // namespace kata::sandbox
