#include "pkg/agent/guest/cdi_edits.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/base/error.h"
#include "pkg/base/quoted.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;
using base::quoted;
using nlohmann::json;

constexpr mode_t kModeBits = 07777;

std::string name_of_variable(const std::string& variable) {
    return variable.substr(0, variable.find('='));
}

void set_variable(json& environment, const std::string& variable) {
    for (json& present : environment) {
        if (name_of_variable(present.get<std::string>()) == name_of_variable(variable)) {
            present = variable;
            return;
        }
    }
    environment.push_back(variable);
}

const char* type_of(mode_t mode) {
    if (S_ISBLK(mode)) {
        return "b";
    }
    if (S_ISCHR(mode)) {
        return "c";
    }
    return S_ISFIFO(mode) ? "p" : "";
}

[[noreturn]] void refuse_node(const CdiNode& node, const std::string& why) {
    throw Error(ErrorCode::not_found,
                "no device node " + quoted(node.path) + ": " + quoted(node.guest_path) +
                    " of the guest " + why);
}

// What the file leaves out is as the guest's node has it.
void complete(CdiNode& node) {
    struct stat status {};
    const bool exists = ::stat(node.guest_path.c_str(), &status) == 0;
    const std::string type = exists ? type_of(status.st_mode) : "";
    if (node.type.empty() || (node.type != "p" && node.major == 0)) {
        if (!exists) {
            refuse_node(node, "does not exist");
        }
        if (type.empty() || (!node.type.empty() && node.type != type)) {
            refuse_node(node, "is no device" + (type.empty() ? "" : " of type " + node.type));
        }
        node.type = type;
        node.major = ::major(status.st_rdev);
        node.minor = ::minor(status.st_rdev);
    }
    if (!type.empty()) {
        node.file_mode = node.file_mode.value_or(status.st_mode & kModeBits);
        node.uid = node.uid.value_or(status.st_uid);
        node.gid = node.gid.value_or(status.st_gid);
    }
}

// A container that does not run as root could not open what root owns.
void give_to_user(CdiNode& node, const json& user) {
    const std::uint32_t uid = user.value("uid", 0U);
    const std::uint32_t gid = user.value("gid", 0U);
    if (!node.uid && uid != 0) {
        node.uid = uid;
    }
    if (!node.gid && gid != 0) {
        node.gid = gid;
    }
}

json device_of(const CdiNode& node) {
    json device{{"path", node.path}, {"type", node.type}};
    if (node.type != "p") {
        device["major"] = node.major;
        device["minor"] = node.minor;
    }
    const std::pair<const char*, std::optional<std::uint32_t>> rest[] = {
        {"fileMode", node.file_mode}, {"uid", node.uid}, {"gid", node.gid}};
    for (const auto& [key, value] : rest) {
        if (value) {
            device[key] = *value;
        }
    }
    return device;
}

void remove_where(json& list, const char* key, const std::string& value) {
    if (list.is_array()) {
        std::erase_if(list.get_ref<json::array_t&>(),
                      [&](const json& element) { return element.value(key, "") == value; });
    }
}

void add_node(json& spec, CdiNode node) {
    give_to_user(node, spec["process"].value("user", json::object()));
    complete(node);
    json& devices = spec["linux"]["devices"];
    remove_where(devices, "path", node.path);
    devices.push_back(device_of(node));
    if (node.type != "p" && !node.access.empty()) {
        spec["linux"]["resources"]["devices"].push_back({{"allow", true},
                                                         {"type", node.type},
                                                         {"major", node.major},
                                                         {"minor", node.minor},
                                                         {"access", node.access}});
    }
}

bool is_below(const std::string& path, const std::string& directory) {
    return path.starts_with(directory) && path.size() > directory.size() &&
           (directory.ends_with('/') || path[directory.size()] == '/');
}

// Before the first mount that it would hide.
void add_mount(json& spec, const CdiMount& mount) {
    json added{{"destination", mount.container_path}, {"source", mount.guest_path}};
    if (!mount.type.empty()) {
        added["type"] = mount.type;
    }
    if (!mount.options.empty()) {
        added["options"] = mount.options;
    }
    json& mounts = spec["mounts"];
    if (!mounts.is_array()) {
        mounts = json::array();
    }
    remove_where(mounts, "destination", mount.container_path);
    const auto hidden = std::find_if(mounts.begin(), mounts.end(), [&](const json& present) {
        return is_below(present.value("destination", ""), mount.container_path);
    });
    mounts.insert(hidden, std::move(added));
}

json hook_of(const CdiHook& hook) {
    json result{{"path", hook.path}};
    if (!hook.arguments.empty()) {
        result["args"] = hook.arguments;
    }
    if (!hook.environment.empty()) {
        result["env"] = hook.environment;
    }
    if (hook.timeout) {
        result["timeout"] = *hook.timeout;
    }
    return result;
}

void add_group(json& user, std::uint32_t group) {
    json& groups = user["additionalGids"];
    if (group != 0 && std::find(groups.begin(), groups.end(), json(group)) == groups.end()) {
        groups.push_back(group);
    }
}

void apply(json& spec, const CdiEdits& edits) {
    if (!edits.unsupported.empty()) {
        throw Error(ErrorCode::unsupported,
                    "its field " + edits.unsupported + " cannot be had in a guest");
    }
    for (const std::string& variable : edits.environment) {
        set_variable(spec["process"]["env"], variable);
    }
    for (const CdiNode& node : edits.nodes) {
        add_node(spec, node);
    }
    for (const CdiMount& mount : edits.mounts) {
        add_mount(spec, mount);
    }
    for (const CdiHook& hook : edits.hooks) {
        spec["hooks"][hook.stage].push_back(hook_of(hook));
    }
    for (const std::uint32_t group : edits.groups) {
        add_group(spec["process"]["user"], group);
    }
}

/// Adds devices to one specification, each once.
class Editor {
  public:
    Editor(json& spec, const CdiDirectories& directories) : spec_(spec), registry_(directories) {}

    void add(const oci::CdiName& name) {
        const CdiRegistry::Found found = registry_.find(name);
        if (!devices_.insert(name).second) {
            return;
        }
        if (specs_.insert(&found.spec).second) {
            apply(spec_, found.spec.edits);
        }
        apply(spec_, found.device.edits);
    }

    void add_all(const std::string& annotation, const std::string& value) {
        for (const oci::CdiName& name : oci::parse_cdi_annotation(annotation, value)) {
            const std::string what = "annotation " + quoted(annotation);
            if (!registry_.knows(name.kind)) {
                log_error(what +
                          " changes nothing in the guest, which has no CDI specification of " +
                          name.kind);
                continue;
            }
            try {
                add(name);
            } catch (const Error& error) {
                throw error.with_context(what + ", device " + quoted(to_string(name)));
            }
        }
    }

  private:
    json& spec_;
    CdiRegistry registry_;
    std::set<oci::CdiName> devices_;
    std::set<const CdiSpec*> specs_;
};

}  // namespace

std::string with_cdi(const std::string& spec_json, const CdiDirectories& directories) {
    if (spec_json.find(oci::kCdiAnnotationPrefix) == std::string::npos) {
        return spec_json;  // as nearly all: they need not be parsed once more
    }
    try {
        json spec = json::parse(spec_json);
        const auto annotations = oci::cdi_annotations_of(
            spec.value("annotations", std::map<std::string, std::string>{}));
        if (annotations.empty()) {
            return spec_json;
        }
        Editor editor(spec, directories);
        for (const auto& [key, value] : annotations) {
            editor.add_all(key, value);
        }
        return spec.dump();
    } catch (const json::exception& error) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot add devices of CDI to the container's specification",
                    error.what());
    }
}

}  // namespace kata::agent::guest
