#include "pkg/sandbox/root_disk.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/sandbox/kernel_mounts.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kFileSystems{"ext4", "xfs", "btrfs"};

// What the guest's mount shall have of the host's. Others are about the host, or the default.
constexpr std::array<std::string_view, 5> kKeptOptions{
    "nosuid", "nodev", "noexec", "noatime", "nodiratime"};

bool has(const std::vector<std::string>& options, std::string_view option) {
    return std::ranges::find(options, option) != options.end();
}

// The host's hooks may look for the container's files, and change them.
bool has_hooks_on_host(const oci::Hooks& hooks) {
    return !hooks.prestart.empty() || !hooks.create_runtime.empty() ||
           !hooks.create_container.empty() || !hooks.poststart.empty() || !hooks.poststop.empty();
}

bool binds_from_root(const oci::Bundle& bundle) {
    return std::ranges::any_of(bundle.spec.mounts, [&](const oci::Mount& mount) {
        if (mount.type != "bind" && !has(mount.options, "bind") && !has(mount.options, "rbind")) {
            return false;
        }
        std::error_code failure;
        return is_below(fs::weakly_canonical(bundle.path / mount.source, failure), bundle.rootfs);
    });
}

std::string flaw_of_bundle(const oci::Bundle& bundle) {
    if (has_hooks_on_host(bundle.spec.hooks)) {
        return "the container has hooks that run on the host";
    }
    return binds_from_root(bundle) ? "a mount of the container has its source there" : "";
}

std::string flaw_of_table(const std::vector<base::MountEntry>& table,
                          const base::MountEntry& root) {
    for (const base::MountEntry& other : table) {
        if (&other == &root) {
            continue;
        }
        if (is_below(other.mount_point, root.mount_point)) {
            return "\"" + base::printable(other.mount_point.native(), 256) + "\" is mounted there";
        }
        if (other.number == root.number) {
            return "its device is mounted on \"" +
                   base::printable(other.mount_point.native(), 256) + "\", too";
        }
    }
    return root.root == "/" ? "" : "it is a directory of a file system";
}

// One of several devices would miss the others in the guest.
bool has_more_devices(const HostView& host, const std::string& number) {
    std::error_code failure;
    for (const auto& file_system : fs::directory_iterator(host.sys / "fs/btrfs", failure)) {
        bool ours = false;
        std::size_t devices = 0;
        for (const auto& device : fs::directory_iterator(file_system.path() / "devices", failure)) {
            ours |= base::try_read_file(device.path() / "dev").value_or("") == number + "\n";
            ++devices;
        }
        if (ours) {
            return devices > 1;
        }
    }
    return false;
}

bool set_numbers(DiskSource& source, std::string_view number) {
    const char* const end = number.data() + number.size();
    const auto major = std::from_chars(number.data(), end, source.major);
    return major.ec == std::errc() && major.ptr != end && *major.ptr == ':' &&
           std::from_chars(major.ptr + 1, end, source.minor).ptr == end;
}

std::optional<RootDisk> disk_of(const oci::Bundle& bundle,
                                const base::MountEntry& mount,
                                const HostView& host) {
    const std::string number =
        mount.fs_type == "btrfs" ? number_of_device(mount.source, host) : mount.number;
    const fs::path sysfs = host.sys / "dev/block" / number;
    std::error_code failure;
    RootDisk root{.source = {.path = mount.source}, .mount = mount};
    if (!set_numbers(root.source, number) || !fs::exists(sysfs, failure)) {
        return std::nullopt;
    }
    root.source.read_only = oci::has_read_only_root(bundle) || has(mount.options, "ro") ||
                            has(mount.fs_options, "ro") ||
                            base::try_read_file(sysfs / "ro").value_or("").starts_with('1');
    return root;
}

std::vector<std::string> guest_options(const RootDisk& root) {
    std::vector<std::string> options;
    std::ranges::copy_if(root.mount.options, std::back_inserter(options), [](const auto& option) {
        return std::ranges::find(kKeptOptions, option) != kKeptOptions.end();
    });
    if (root.mount.fs_type == "xfs") {
        options.emplace_back("nouuid");  // snapshots have the one of their origin
    }
    if (root.mount.fs_type == "btrfs") {
        options.emplace_back("subvolid=5");  // "/" whatever its default is
    }
    if (root.source.read_only) {
        options.emplace_back("ro");
    }
    return options;
}

}  // namespace

std::optional<RootDisk> find_root_disk(const oci::Bundle& bundle,
                                       std::string& why_not,
                                       const HostView& host) {
    const auto table = mount_table(host);
    const auto mount = std::ranges::find_if(
        table, [&](const base::MountEntry& entry) { return entry.mount_point == bundle.rootfs; });
    if (mount == table.end() ||
        std::ranges::find(kFileSystems, mount->fs_type) == kFileSystems.end()) {
        return std::nullopt;
    }
    const auto root = disk_of(bundle, *mount, host);
    if (!root) {
        return std::nullopt;
    }
    why_not = flaw_of_table(table, *mount);
    if (why_not.empty()) {
        why_not = flaw_of_bundle(bundle);
    }
    const std::string number =
        std::to_string(root->source.major) + ":" + std::to_string(root->source.minor);
    if (why_not.empty() && has_more_devices(host, number)) {
        why_not = "it is a btrfs of several devices";
    }
    return why_not.empty() ? root : std::nullopt;
}

void add_root_disk(DiskPlan& plan, const RootDisk& root, DiskDriver driver) {
    const PlannedDisk& disk = add_disk(plan, root.source, root.source.read_only);
    GuestDiskStorage storage = storage_on(disk, driver);
    storage.fs_type = root.mount.fs_type;
    storage.options = guest_options(root);
    plan.root = storage.mount_point;
    plan.guest.storages.push_back(std::move(storage));
}

}  // namespace kata::sandbox
