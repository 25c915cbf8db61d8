#include "pkg/agent/guest/pod_volumes.h"

#include <sys/mount.h>

#include <cerrno>
#include <string_view>
#include <vector>

#include "pkg/agent/guest/shared_memory.h"
#include "pkg/agent/guest/storage.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

using nlohmann::json;

constexpr std::string_view kPrefix = "pod-volume:";

bool asks_for_volume(const json& mount) {
    return mount.is_object() && mount.value("source", "").starts_with(kPrefix);
}

void require_memory(const std::string& fs_type) {
    if (fs_type != "tmpfs" && fs_type != "hugetlbfs") {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot make a volume of the pod: \"" + base::printable(fs_type, 64) +
                              "\" is no file system in memory");
    }
}

}  // namespace

void PodVolumes::mount_once(const json& mount, const std::string& key) {
    if (mounted_.contains(key)) {
        return;
    }
    const std::string fs_type = mount.value("type", "");
    require_memory(fs_type);
    const MountOptions options =
        parse_mount_options(mount.value("volumeOptions", std::vector<std::string>{}));
    const auto target = directory_ / key;
    base::make_directories(target, 0755);
    if (::mount(
            "pod-volume", target.c_str(), fs_type.c_str(), options.flags, options.data.c_str()) !=
        0) {
        throw base::errno_error(
            "mount " + fs_type + " (" + base::printable(options.data, 256) + ") for the volume on",
            base::printable(mount.value("destination", ""), 256),
            errno);
    }
    mounted_.insert(key);
}

void PodVolumes::attach(json& spec) {
    const auto mounts = spec.find("mounts");
    if (mounts == spec.end() || !mounts->is_array()) {
        return;
    }
    const std::lock_guard lock(mutex_);
    for (json& mount : *mounts) {
        if (!asks_for_volume(mount)) {
            continue;
        }
        const std::string key = checked_key(mount.value("source", "").substr(kPrefix.size()));
        mount_once(mount, key);
        mount["type"] = "bind";
        mount["source"] = (directory_ / key).native();
        mount.erase("volumeOptions");
    }
}

}  // namespace kata::agent::guest
