#include "pkg/agent/guest/dev_mount.h"

#include <algorithm>
#include <filesystem>
#include <string>

namespace kata::agent::guest {
namespace {

using nlohmann::json;

bool is_on_dev(const json& mount) {
    if (!mount.is_object()) {
        return false;
    }
    const std::filesystem::path destination = mount.value("destination", "");
    return ("/" / destination / "").lexically_normal() == "/dev/";
}

}  // namespace

void mount_dev(json& spec) {
    json& mounts = spec["mounts"];
    if (!mounts.is_array()) {
        mounts = json::array();
    }
    if (std::ranges::any_of(mounts, is_on_dev)) {
        return;
    }
    const json dev = {{"destination", "/dev"},
                      {"type", "tmpfs"},
                      {"source", "tmpfs"},
                      {"options", {"nosuid", "strictatime", "mode=755", "size=65536k"}}};
    mounts.insert(mounts.begin(), dev);
}

}  // namespace kata::agent::guest
