// What engines say in annotations about pods: whether a container is a sandbox of its own or
// belongs into the VM of another. Only this one question; configuration by annotation is not for
// this folder.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace kata::oci {

enum class ContainerType { pod_sandbox, pod_container };

/// "pod_sandbox", "pod_container": the value of kContainerTypeAnnotation.
[[nodiscard]] std::string_view to_string(ContainerType type);

struct PodRole {
    ContainerType type = ContainerType::pod_sandbox;
    std::string sandbox_id;  // pod_container: as annotated, may be empty or name nobody; else empty
    bool annotated = false;  // an engine has said it
};

/// Keys that this runtime adds to what `state` shows.
inline constexpr const char* kContainerTypeAnnotation = "io.katacontainers.pkg.oci.container_type";
inline constexpr const char* kBundlePathAnnotation = "io.katacontainers.pkg.oci.bundle_path";

/// Looks at the keys of containerd, then CRI-O and podman, then dockershim; the first that is there
/// decides. No key: pod_sandbox, a VM of its own.
/// @throws base::Error invalid_argument for a value that is neither sandbox nor container.
[[nodiscard]] PodRole pod_role_of(const std::map<std::string, std::string>& annotations);

}  // namespace kata::oci
