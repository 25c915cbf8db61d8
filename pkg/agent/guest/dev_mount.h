// A container's /dev where its specification mounts none.
#pragma once

#include <nlohmann/json.hpp>

namespace kata::agent::guest {

/// Puts a tmpfs on /dev before the other mounts of `spec` unless something is mounted there. crun
/// would make the devices in the image: on a share the guest may make none, and what an image has
/// under their names, a file as /dev/null, is not to be taken for them.
void mount_dev(nlohmann::json& spec);

}  // namespace kata::agent::guest
