#include "pkg/oci/spec_json.h"

#include <algorithm>

#include "pkg/base/error.h"
#include "pkg/oci/json_document.h"
#include "pkg/oci/spec_parts.h"

namespace kata::oci {
namespace {

Root read_root(const JsonView& object) {
    Root root;
    object.read("path", root.path);
    object.read("readonly", root.readonly);
    return root;
}

IdMapping read_id_mapping(const JsonView& object) {
    IdMapping mapping;
    object.read("containerID", mapping.container_id);
    object.read("hostID", mapping.host_id);
    object.read("size", mapping.size);
    return mapping;
}

Mount read_mount(const JsonView& object) {
    Mount mount;
    object.read("destination", mount.destination);
    object.read("type", mount.type);
    object.read("source", mount.source);
    object.read("options", mount.options);
    object.read_list("uidMappings", mount.uid_mappings, read_id_mapping);
    object.read_list("gidMappings", mount.gid_mappings, read_id_mapping);
    return mount;
}

Hook read_hook(const JsonView& object) {
    Hook hook;
    object.read("path", hook.path);
    object.read("args", hook.args);
    object.read("env", hook.env);
    object.read("timeout", hook.timeout_seconds);
    return hook;
}

Hooks read_hooks(const JsonView& object) {
    Hooks hooks;
    object.read_list("prestart", hooks.prestart, read_hook);
    object.read_list("createRuntime", hooks.create_runtime, read_hook);
    object.read_list("createContainer", hooks.create_container, read_hook);
    object.read_list("startContainer", hooks.start_container, read_hook);
    object.read_list("poststart", hooks.poststart, read_hook);
    object.read_list("poststop", hooks.poststop, read_hook);
    return hooks;
}

Namespace read_namespace(const JsonView& object) {
    Namespace name_space;
    object.read("type", name_space.type);
    object.read("path", name_space.path);
    return name_space;
}

Device read_device(const JsonView& object) {
    Device device;
    object.read("path", device.path);
    object.read("type", device.type);
    object.read("major", device.major);
    object.read("minor", device.minor);
    object.read("fileMode", device.file_mode);
    object.read("uid", device.uid);
    object.read("gid", device.gid);
    return device;
}

SeccompRule read_seccomp_rule(const JsonView& object) {
    SeccompRule rule;
    object.read("names", rule.names);
    object.read("action", rule.action);
    object.read_list("args", rule.operators, [](const JsonView& argument) {
        std::string comparison;
        argument.read("op", comparison);
        return comparison;
    });
    return rule;
}

Seccomp read_seccomp(const JsonView& object) {
    Seccomp seccomp;
    object.read("defaultAction", seccomp.default_action);
    object.read("architectures", seccomp.architectures);
    object.read("flags", seccomp.flags);
    object.read("listenerPath", seccomp.listener_path);
    object.read_list("syscalls", seccomp.syscalls, read_seccomp_rule);
    return seccomp;
}

Linux read_linux(const JsonView& object) {
    Linux section;
    object.read_list("namespaces", section.namespaces, read_namespace);
    object.read_list("uidMappings", section.uid_mappings, read_id_mapping);
    object.read_list("gidMappings", section.gid_mappings, read_id_mapping);
    object.read("cgroupsPath", section.cgroups_path);
    object.read("rootfsPropagation", section.rootfs_propagation);
    object.read_list("devices", section.devices, read_device);
    if (const auto resources = object.find("resources")) {
        section.resources = read_resources(*resources);
    }
    if (const auto seccomp = object.find("seccomp")) {
        section.seccomp = read_seccomp(*seccomp);
    }
    object.read("sysctl", section.sysctl);
    object.read("maskedPaths", section.masked_paths);
    object.read("readonlyPaths", section.readonly_paths);
    object.read("mountLabel", section.mount_label);
    if (const auto personality = object.find("personality")) {
        personality->read("domain", section.personality_domain);
    }
    return section;
}

Spec read_spec(const JsonView& object) {
    Spec spec;
    object.read("ociVersion", spec.oci_version);
    if (const auto process = object.find("process")) {
        spec.process = read_process(*process);
    }
    if (const auto root = object.find("root")) {
        spec.root = read_root(*root);
    }
    object.read("hostname", spec.hostname);
    object.read("domainname", spec.domainname);
    object.read_list("mounts", spec.mounts, read_mount);
    if (const auto hooks = object.find("hooks")) {
        spec.hooks = read_hooks(*hooks);
    }
    object.read("annotations", spec.annotations);
    if (const auto section = object.find("linux")) {
        spec.linux_ = read_linux(*section);
    }
    return spec;
}

// Runs `read` on the document and puts the file's name before what it refuses.
template <typename Read>
auto read_document(const nlohmann::json& document, const std::string& origin, Read read) {
    try {
        const JsonView view(document, "");
        (void)view.find("");  // refuses a document that is not an object
        return read(view);
    } catch (const base::Error& error) {
        throw error.with_context("cannot use \"" + base::printable(origin) + "\"");
    }
}

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& origin) {
    DocumentBuilder builder(text, origin);
    builder.refuse_nul_bytes();
    nlohmann::json::sax_parse(text, &builder);
    return builder.take();
}

Spec parse_spec(std::string_view text, const std::string& origin) {
    nlohmann::json document = parse_json(text, origin);
    Spec spec = read_document(document, origin, read_spec);
    spec.document = std::move(document);
    return spec;
}

Process parse_process(std::string_view text, const std::string& origin) {
    return read_document(parse_json(text, origin), origin, read_process);
}

Resources parse_resources(std::string_view text, const std::string& origin) {
    return read_document(parse_json(text, origin), origin, read_resources);
}

const Namespace* find_namespace(const Spec& spec, const std::string& type) {
    if (!spec.linux_) {
        return nullptr;
    }
    const auto& namespaces = spec.linux_->namespaces;
    const auto found = std::find_if(
        namespaces.begin(), namespaces.end(), [&](const Namespace& n) { return n.type == type; });
    return found == namespaces.end() ? nullptr : &*found;
}

}  // namespace kata::oci
