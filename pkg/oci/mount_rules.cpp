#include "pkg/oci/json_view.h"
#include "pkg/oci/rules.h"

namespace kata::oci {
namespace {

constexpr std::string_view kMountMappingAdvice =
    "asks for an id-mapped mount, which a container in a VM cannot have; give the files the ids "
    "that the container uses";

void check_destination(const Mount& mount, const std::string& path, Warnings& warnings) {
    if (mount.destination.empty()) {
        refuse(path + ".destination", "must not be empty");
    }
    if (!is_absolute(mount.destination)) {
        warnings.push_back(path + ".destination " + in_quotes(mount.destination) +
                           " is relative and taken as below \"/\"");
    }
}

bool is_bind(const Mount& mount) {
    return mount.type == "bind" ||
           std::any_of(mount.options.begin(), mount.options.end(), [](const std::string& option) {
               return option == "bind" || option == "rbind";
           });
}

void check_source(const Mount& mount, const std::string& path) {
    if (is_bind(mount) && mount.source.empty()) {
        refuse(path + ".source", "must be set for a bind mount");
    }
}

void check_mappings(const Mount& mount, const std::string& path) {
    if (!mount.uid_mappings.empty()) {
        refuse_unsupported(path + ".uidMappings", std::string(kMountMappingAdvice));
    }
    if (!mount.gid_mappings.empty()) {
        refuse_unsupported(path + ".gidMappings", std::string(kMountMappingAdvice));
    }
    for (std::size_t i = 0; i < mount.options.size(); ++i) {
        if (is_one_of(mount.options[i], {"idmap", "ridmap"})) {
            refuse_unsupported(element_path(path + ".options", i),
                               std::string(kMountMappingAdvice));
        }
    }
}

void check_stage(const std::vector<Hook>& hooks, const std::string& stage) {
    for (std::size_t i = 0; i < hooks.size(); ++i) {
        const std::string path = element_path("hooks." + stage, i);
        if (!is_absolute(hooks[i].path)) {
            refuse(path + ".path", "must be an absolute path, not " + in_quotes(hooks[i].path));
        }
        if (hooks[i].timeout_seconds && *hooks[i].timeout_seconds <= 0) {
            refuse(path + ".timeout",
                   "must be more than 0 seconds, not " + std::to_string(*hooks[i].timeout_seconds));
        }
    }
}

}  // namespace

void check_mounts(const Spec& spec, Warnings& warnings) {
    for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
        const std::string path = element_path("mounts", i);
        check_destination(spec.mounts[i], path, warnings);
        check_source(spec.mounts[i], path);
        check_mappings(spec.mounts[i], path);
    }
}

void check_hooks(const Spec& spec) {
    check_stage(spec.hooks.prestart, "prestart");
    check_stage(spec.hooks.create_runtime, "createRuntime");
    check_stage(spec.hooks.create_container, "createContainer");
    check_stage(spec.hooks.start_container, "startContainer");
    check_stage(spec.hooks.poststart, "poststart");
    check_stage(spec.hooks.poststop, "poststop");
}

}  // namespace kata::oci
