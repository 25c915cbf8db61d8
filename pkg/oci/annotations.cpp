#include "pkg/oci/annotations.h"

#include <array>

#include "pkg/base/error.h"

namespace kata::oci {
namespace {

struct PodKeys {
    const char* type;
    const char* sandbox;    // the value of `type` for a sandbox
    const char* container;  // and for a container in one
    const char* sandbox_id;
};

constexpr std::array<PodKeys, 3> kPodKeys{{
    {"io.kubernetes.cri.container-type", "sandbox", "container", "io.kubernetes.cri.sandbox-id"},
    {"io.kubernetes.cri-o.ContainerType", "sandbox", "container", "io.kubernetes.cri-o.SandboxID"},
    {"io.kubernetes.docker.type", "podsandbox", "container", "io.kubernetes.sandbox.id"},
}};

PodRole role_by(const PodKeys& keys,
                const std::string& type,
                const std::map<std::string, std::string>& annotations) {
    if (type == keys.sandbox) {
        return {ContainerType::pod_sandbox, "", true};
    }
    if (type != keys.container) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          std::string("annotations[\"") + keys.type +
                              "\"] has the unknown value \"" + base::printable(type, 80) +
                              "\"; use \"" + keys.sandbox + "\" or \"" + keys.container + "\"");
    }
    const auto id = annotations.find(keys.sandbox_id);
    return {ContainerType::pod_container, id == annotations.end() ? "" : id->second, true};
}

}  // namespace

std::string_view to_string(ContainerType type) {
    return type == ContainerType::pod_container ? "pod_container" : "pod_sandbox";
}

PodRole pod_role_of(const std::map<std::string, std::string>& annotations) {
    for (const PodKeys& keys : kPodKeys) {
        const auto type = annotations.find(keys.type);
        if (type != annotations.end()) {
            return role_by(keys, type->second, annotations);
        }
    }
    return {};
}

}  // namespace kata::oci
