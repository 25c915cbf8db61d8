#include "pkg/sandbox/memory_volume.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace kata::sandbox {
namespace {

constexpr std::string_view kEmptyDirs = "kubernetes.io~empty-dir";
constexpr std::array<std::string_view, 2> kTypes{"tmpfs", "hugetlbfs"};
// What a mount of the host says that is as true in the guest. A tmpfs without a size may have half
// of the memory: of the guest's, then.
constexpr std::array<std::string_view, 3> kKept{"size=", "nr_inodes=", "pagesize="};

std::string octal(mode_t mode) {
    std::ostringstream text;
    text << std::oct << (mode & 07777U);
    return text.str();
}

bool is_kept(const std::string& option) {
    return std::ranges::any_of(kKept,
                               [&](std::string_view prefix) { return option.starts_with(prefix); });
}

}  // namespace

bool is_empty_dir(const std::filesystem::path& source) {
    return source.parent_path().filename() == kEmptyDirs;
}

std::optional<MemoryVolume> memory_volume_of(const std::filesystem::path& source,
                                             const struct stat& status,
                                             const std::vector<base::MountEntry>& mounts) {
    const auto mount = std::find_if(mounts.rbegin(), mounts.rend(), [&](const auto& entry) {
        return entry.mount_point == source;
    });
    if (!is_empty_dir(source) || mount == mounts.rend() ||
        std::ranges::find(kTypes, mount->fs_type) == kTypes.end()) {
        return std::nullopt;
    }
    MemoryVolume volume{mount->fs_type, {}};
    std::ranges::copy_if(mount->fs_options, std::back_inserter(volume.options), is_kept);
    volume.options.push_back("mode=" + octal(status.st_mode));
    volume.options.push_back("uid=" + std::to_string(status.st_uid));
    volume.options.push_back("gid=" + std::to_string(status.st_gid));
    return volume;
}

}  // namespace kata::sandbox
