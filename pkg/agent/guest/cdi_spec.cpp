#include "pkg/agent/guest/cdi_spec.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>
#include <string_view>

#include "pkg/agent/guest/cdi_yaml.h"
#include "pkg/base/error.h"
#include "pkg/base/quoted.h"
#include "pkg/oci/cdi.h"
#include "pkg/oci/json_view.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;
using oci::JsonView;

constexpr std::array kStages = {
    "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"};
// What a container of a guest cannot have: the guest has neither resctrl nor interfaces to spare.
constexpr std::array kUnsupported = {"intelRdt", "netDevices"};
constexpr std::uint32_t kModeBits = 07777;

[[noreturn]] void refuse(const std::string& message) {
    throw Error(ErrorCode::invalid_argument, message);
}

// A misspelt field would go unnoticed otherwise.
void require_known(const JsonView& object, std::initializer_list<std::string_view> known) {
    static_cast<void>(object.find(""));  // refuses what is no object
    for (const auto& [key, value] : object.value().items()) {
        if (std::ranges::find(known, key) == known.end()) {
            refuse(oci::member_path(object.path(), key) + " is no field of CDI");
        }
    }
}

std::string required(const JsonView& object, const char* key) {
    std::string text;
    object.read(key, text);
    if (text.empty()) {
        refuse(oci::member_path(object.path(), key) + " is missing");
    }
    return text;
}

std::string required_path(const JsonView& object, const char* key) {
    std::string path = required(object, key);
    if (!path.starts_with('/')) {
        refuse(oci::member_path(object.path(), key) + " must be an absolute path, not " +
               base::quoted(path));
    }
    return path;
}

std::vector<std::string> environment_of(const JsonView& object) {
    std::vector<std::string> environment;
    object.read("env", environment);
    for (const std::string& variable : environment) {
        if (variable.find('=') == std::string::npos || variable.starts_with('=')) {
            refuse(oci::member_path(object.path(), "env") + ": " + base::quoted(variable) +
                   " is not NAME=value");
        }
    }
    return environment;
}

std::string type_of(const JsonView& view) {
    std::string type;
    view.read("type", type);
    if (!type.empty() && type != "b" && type != "c" && type != "u" && type != "p") {
        refuse(oci::member_path(view.path(), "type") +
               " must be \"b\", \"c\", \"u\" or \"p\", not " + base::quoted(type));
    }
    return type == "u" ? "c" : type;
}

std::string access_of(const JsonView& view) {
    std::string access;
    view.read("permissions", access);
    if (access == "none") {
        return "";
    }
    if (access.find_first_not_of("rwm") != std::string::npos) {
        refuse(oci::member_path(view.path(), "permissions") + " must be some of \"rwm\", not " +
               base::quoted(access));
    }
    return access.empty() ? "rwm" : access;
}

CdiNode node_of(const JsonView& view) {
    require_known(
        view,
        {"path", "hostPath", "type", "major", "minor", "fileMode", "permissions", "uid", "gid"});
    CdiNode node;
    node.path = required_path(view, "path");
    node.guest_path = node.path;
    view.read("hostPath", node.guest_path);
    node.type = type_of(view);
    view.read("major", node.major);
    view.read("minor", node.minor);
    view.read("fileMode", node.file_mode);
    if (node.file_mode) {
        *node.file_mode &= kModeBits;
    }
    view.read("uid", node.uid);
    view.read("gid", node.gid);
    node.access = access_of(view);
    return node;
}

CdiMount mount_of(const JsonView& view) {
    require_known(view, {"hostPath", "containerPath", "type", "options"});
    CdiMount mount;
    mount.guest_path = required(view, "hostPath");
    mount.container_path = required_path(view, "containerPath");
    view.read("type", mount.type);
    view.read("options", mount.options);
    return mount;
}

CdiHook hook_of(const JsonView& view) {
    require_known(view, {"hookName", "path", "args", "env", "timeout"});
    CdiHook hook;
    hook.stage = required(view, "hookName");
    if (std::ranges::find(kStages, hook.stage) == kStages.end()) {
        refuse(oci::member_path(view.path(), "hookName") +
               " has no hooks: " + base::quoted(hook.stage));
    }
    hook.path = required_path(view, "path");
    view.read("args", hook.arguments);
    hook.environment = environment_of(view);
    view.read("timeout", hook.timeout);
    if (hook.timeout == 0U) {
        refuse(oci::member_path(view.path(), "timeout") + " must be more than 0");
    }
    return hook;
}

CdiEdits edits_of(const JsonView& parent) {
    CdiEdits edits;
    const auto view = parent.find("containerEdits");
    if (!view) {
        return edits;
    }
    // The specification spells the groups in both ways.
    require_known(*view,
                  {"env",
                   "deviceNodes",
                   "mounts",
                   "hooks",
                   "additionalGids",
                   "additionalGIDs",
                   "intelRdt",
                   "netDevices"});
    edits.environment = environment_of(*view);
    view->read_list("deviceNodes", edits.nodes, node_of);
    view->read_list("mounts", edits.mounts, mount_of);
    view->read_list("hooks", edits.hooks, hook_of);
    view->read("additionalGIDs", edits.groups);
    view->read("additionalGids", edits.groups);
    for (const char* field : kUnsupported) {
        if (view->find(field)) {
            edits.unsupported = field;
        }
    }
    return edits;
}

CdiDevice device_of(const JsonView& view) {
    require_known(view, {"name", "annotations", "containerEdits"});
    CdiDevice device{required(view, "name"), edits_of(view)};
    if (!oci::is_cdi_device_name(device.name)) {
        refuse(oci::member_path(view.path(), "name") +
               " is no name of a device: " + base::quoted(device.name));
    }
    return device;
}

// A newer version may add fields, which are refused where they are used.
void require_version(const JsonView& root) {
    const std::string version = required(root, "cdiVersion");
    const bool known = version.starts_with("0.") || version.starts_with("1.");
    if (!known || version.find_first_not_of("0123456789.") != std::string::npos ||
        std::ranges::count(version, '.') != 2) {
        refuse("cdiVersion must be a version such as 0.5.0 or 1.1.0, not " + base::quoted(version));
    }
}

void require_distinct(const std::vector<CdiDevice>& devices) {
    std::set<std::string_view> names;
    for (const CdiDevice& device : devices) {
        if (!names.insert(device.name).second) {
            refuse("devices has " + base::quoted(device.name) + " twice");
        }
    }
}

CdiSpec spec_of(const JsonView& root) {
    require_known(root, {"cdiVersion", "kind", "annotations", "devices", "containerEdits"});
    require_version(root);
    CdiSpec spec;
    spec.kind = required(root, "kind");
    if (!oci::is_cdi_kind(spec.kind)) {
        refuse("kind must be vendor.com/class, not " + base::quoted(spec.kind));
    }
    root.read_list("devices", spec.devices, device_of);
    if (spec.devices.empty()) {
        refuse("devices must have one at least");
    }
    require_distinct(spec.devices);
    spec.edits = edits_of(root);
    return spec;
}

json document_of(const std::filesystem::path& path, const std::string& text) {
    try {
        return path.extension() == ".json" ? json::parse(text) : parse_cdi_yaml(text);
    } catch (const json::exception& error) {
        throw Error(ErrorCode::invalid_argument, "not JSON", error.what());
    }
}

}  // namespace

CdiSpec parse_cdi_spec(const std::filesystem::path& path, const std::string& text) {
    try {
        const json document = document_of(path, text);
        CdiSpec spec = spec_of(JsonView(document, ""));
        spec.path = path;
        return spec;
    } catch (const Error& error) {
        throw error.with_context("cannot read the guest's CDI specification " +
                                 base::quoted(path.native()));
    }
}

}  // namespace kata::agent::guest
