#include "pkg/agent/guest/shared_memory.h"

#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/agent/guest/storage.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

constexpr std::string_view kPrefix = "shared-memory:";
constexpr std::size_t kMaxKey = 64;

bool asks_for_shared_memory(const json& mount) {
    return mount.is_object() && mount.value("type", "") == "tmpfs" &&
           mount.value("source", "").starts_with(kPrefix);
}

void mount_tmpfs(const std::filesystem::path& target, const std::vector<std::string>& options) {
    MountOptions parsed = parse_mount_options(options);
    // What is read-only to one container is written by another: its bind is made so.
    parsed.flags &= ~static_cast<unsigned long>(MS_RDONLY);
    base::make_directories(target, 0755);
    if (::mount("shm", target.c_str(), "tmpfs", parsed.flags, parsed.data.c_str()) != 0) {
        throw base::errno_error("mount shared memory on", target.native(), errno);
    }
}

json bind_of(const json& mount, const std::filesystem::path& source) {
    json options = {"rbind", "nosuid", "noexec", "nodev"};
    const auto wanted = mount.value("options", std::vector<std::string>{});
    if (std::find(wanted.begin(), wanted.end(), "ro") != wanted.end()) {
        options.push_back("ro");
    }
    return {{"destination", mount.at("destination")},
            {"type", "bind"},
            {"source", source.native()},
            {"options", options}};
}

}  // namespace

std::string checked_key(const std::string& key) {
    const bool plain = std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
    });
    if (key.empty() || key.size() > kMaxKey || !plain) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot share memory under the name \"" + base::printable(key, kMaxKey) + "\"");
    }
    return key;
}

void SharedMemory::mount_for(const std::string& container_id, json& mount) {
    const std::string key = checked_key(mount.value("source", "").substr(kPrefix.size()));
    const auto target = directory_ / key;
    if (users_[key].empty()) {
        mount_tmpfs(target, mount.value("options", std::vector<std::string>{}));
    }
    users_[key].insert(container_id);
    mount = bind_of(mount, target);
}

void SharedMemory::attach(const std::string& container_id, json& spec) {
    const auto mounts = spec.find("mounts");
    if (mounts == spec.end() || !mounts->is_array()) {
        return;
    }
    const std::lock_guard lock(mutex_);
    for (json& mount : *mounts) {
        if (asks_for_shared_memory(mount)) {
            mount_for(container_id, mount);
        }
    }
}

void SharedMemory::detach(const std::string& container_id) noexcept {
    const std::lock_guard lock(mutex_);
    for (auto entry = users_.begin(); entry != users_.end();) {
        auto& [key, users] = *entry;
        users.erase(container_id);
        if (!users.empty()) {
            ++entry;
            continue;
        }
        const std::string target = directory_.native() + "/" + key;
        if (::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL) {
            log_error("cannot unmount " + target + ": " + base::errno_text(errno));
        }
        ::rmdir(target.c_str());
        entry = users_.erase(entry);
    }
}

}  // namespace kata::agent::guest
