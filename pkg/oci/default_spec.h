// The example that `spec` writes: a config.json which runs `sh` in rootfs/.
#pragma once

#include <string>

namespace kata::oci {

/// The runtime-spec version that this runtime writes into state and into new bundles.
inline constexpr const char* kOciVersion = "1.0.2-dev";

/// Indented by tabs, no newline at the end.
[[nodiscard]] std::string default_spec_json();

/// @throws base::Error unsupported, always: what `spec --rootless` writes needs a user namespace,
/// which a container in a VM does not get.
[[noreturn]] void refuse_rootless_spec();

}  // namespace kata::oci
