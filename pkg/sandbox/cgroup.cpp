#include "pkg/sandbox/cgroup.h"

#include <fcntl.h>

#include <algorithm>
#include <sstream>
#include <string_view>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/mount_table.h"
#include "pkg/sandbox/systemd_path.h"

namespace kata::sandbox {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);) {
        parts.push_back(part);
    }
    return parts;
}

bool contains(const std::vector<std::string>& list, const std::string& wanted) {
    return std::find(list.begin(), list.end(), wanted) != list.end();
}

// The cgroup file systems. Only a mount of a hierarchy's top: a bind of a part of one has another
// root field.
std::vector<base::MountEntry> cgroup_mounts(const std::string& mountinfo) {
    auto mounts = base::parse_mount_table(mountinfo);
    std::erase_if(mounts, [](const base::MountEntry& mount) {
        return mount.root != "/" || (mount.fs_type != "cgroup" && mount.fs_type != "cgroup2");
    });
    return mounts;
}

// Of v1, the options of the file system are its controllers, or name=...
const base::MountEntry* find_mount(const std::vector<base::MountEntry>& mounts,
                                   const std::string& controllers) {
    for (const base::MountEntry& mount : mounts) {
        const bool unified = mount.fs_type == "cgroup2";
        if (controllers.empty()
                ? unified
                : !unified && contains(mount.fs_options, split(controllers, ',').front())) {
            return &mount;
        }
    }
    return nullptr;
}

// v1's 2..262144 to v2's 1..10000, as every runtime converts it.
std::uint64_t cpu_weight(std::uint64_t shares) {
    return 1 + (std::clamp<std::uint64_t>(shares, 2, 262144) - 2) * 9999 / 262142;
}

}  // namespace

std::vector<CgroupHierarchy> cgroup_hierarchies(const std::string& cgroup,
                                                const std::string& mountinfo) {
    const auto mounts = cgroup_mounts(mountinfo);
    std::vector<CgroupHierarchy> hierarchies;
    bool v1_memory = false;
    std::string unified_path;
    for (const std::string& line : split(cgroup, '\n')) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) {
            continue;
        }
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string path = line.substr(second + 1);
        const auto names = split(controllers, ',');
        v1_memory = v1_memory || contains(names, "memory");
        if (controllers.empty()) {
            unified_path = path;
        } else if (const auto* mount = find_mount(mounts, controllers);
                   mount != nullptr && !contains(names, "devices")) {
            hierarchies.push_back({mount->mount_point,
                                   path,
                                   contains(names, "cpuset"),
                                   contains(names, "cpu"),
                                   contains(names, "memory"),
                                   false});
        }
    }
    if (const auto* mount = find_mount(mounts, ""); mount != nullptr && !v1_memory) {
        hierarchies.push_back({mount->mount_point, unified_path, false, false, true, true});
    }
    return hierarchies;
}

std::vector<std::filesystem::path> libvirt_cgroups(const std::string& cgroup,
                                                   const std::string& mountinfo) {
    constexpr std::string_view kEnd = ".libvirt-qemu";
    const auto mounts = cgroup_mounts(mountinfo);
    std::vector<std::filesystem::path> directories;
    for (const std::string& line : split(cgroup, '\n')) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        const auto end = line.find(kEnd);
        if (second == std::string::npos || end == std::string::npos) {
            continue;
        }
        if (const auto* mount = find_mount(mounts, line.substr(first + 1, second - first - 1))) {
            const std::string path = line.substr(second + 1, end + kEnd.size() - second - 1);
            directories.emplace_back(mount->mount_point.native() + path);
        }
    }
    return directories;
}

void note_libvirt_cgroups(pid_t pid, Journal& journal) {
    const auto cgroup =
        base::try_read_file("/proc/" + std::to_string(pid) + "/cgroup").value_or("");
    const auto mountinfo = base::try_read_file("/proc/self/mountinfo").value_or("");
    for (const std::filesystem::path& directory : libvirt_cgroups(cgroup, mountinfo)) {
        journal.record(Effect::Kind::vm_cgroup, directory.native());
    }
}

std::string cgroup_path(const std::string& cgroups_path, const oci::ContainerId& id) {
    if (cgroups_path.empty()) {
        return id.str();
    }
    const auto unit = parse_systemd_path(cgroups_path);
    return unit ? cgroup_of(*unit)
                : std::filesystem::path(cgroups_path).lexically_normal().native();
}

std::string sandbox_cgroup_path(const std::string& cgroups_path,
                                const oci::ContainerId& id,
                                const std::string& sandbox_id) {
    const std::filesystem::path own = cgroup_path(cgroups_path, id);
    return (own.parent_path() / ("kata_" + sandbox_id)).native();
}

HostCgroup::HostCgroup(const std::vector<CgroupHierarchy>& hierarchies, const std::string& path) {
    for (const CgroupHierarchy& hierarchy : hierarchies) {
        // ".." in a path of an engine or an image must not lead out of the hierarchy.
        const bool from_top = !path.empty() && path.front() == '/';
        const std::string whole = from_top       ? path
                                  : path.empty() ? hierarchy.own_path
                                                 : hierarchy.own_path + "/" + path;
        const auto below = (std::filesystem::path("/") / whole).lexically_normal().relative_path();
        directories_.push_back(
            {hierarchy, below.empty() ? hierarchy.mount_point : hierarchy.mount_point / below});
    }
}

HostCgroup HostCgroup::at(const std::string& path) {
    const auto cgroup = base::try_read_file("/proc/self/cgroup").value_or("");
    const auto mountinfo = base::try_read_file("/proc/self/mountinfo").value_or("");
    return {cgroup_hierarchies(cgroup, mountinfo), path};
}

HostCgroup HostCgroup::of_process(pid_t pid) {
    const auto cgroup =
        base::try_read_file("/proc/" + std::to_string(pid) + "/cgroup").value_or("");
    const auto mountinfo = base::try_read_file("/proc/self/mountinfo").value_or("");
    return {cgroup_hierarchies(cgroup, mountinfo), ""};
}

void HostCgroup::record(Journal& journal) const {
    for (const Directory& directory : directories_) {
        if (directory.path != directory.hierarchy.mount_point) {
            journal.record(Effect::Kind::cgroup, directory.path.native());
        }
    }
}

void HostCgroup::create(Journal& journal, Journal& parents) const {
    for (const Directory& directory : directories_) {
        for (const auto& parent : own_cgroup_parents(directory.hierarchy, directory.path)) {
            parents.record(Effect::Kind::cgroup_parent, parent.native());
        }
        if (directory.path != directory.hierarchy.mount_point) {
            // Also one that is there: it may be a predecessor's of the same id, in a pod that still
            // lives, who will leave it to us.
            journal.record(Effect::Kind::cgroup, directory.path.native());
        }
        make_cgroup_directory(directory.hierarchy, directory.path);
    }
}

namespace {

// Where v1 still can (kernels before 6.13), what a process has already allocated moves with it.
void ask_to_move_charges(const std::filesystem::path& directory) {
    try {
        base::write_existing_file(directory / "memory.move_charge_at_immigrate", "3");
    } catch (const base::Error&) {
        return;
    }
}

}  // namespace

void HostCgroup::add(pid_t pid) const {
    for (const Directory& directory : directories_) {
        if (directory.hierarchy.has_memory && !directory.hierarchy.unified) {
            ask_to_move_charges(directory.path);
        }
        base::write_existing_file(directory.path / "cgroup.procs", std::to_string(pid));
    }
}

void HostCgroup::add_with_children(pid_t pid) const {
    add(pid);
    const std::string number = std::to_string(pid);
    // A child that is made from now on is made in the cgroup.
    std::istringstream children(
        base::try_read_file("/proc/" + number + "/task/" + number + "/children").value_or(""));
    for (pid_t child = 0; children >> child;) {
        add_with_children(child);
    }
}

void HostCgroup::limit(const oci::CpuResources& cpu) const {
    for (const auto& [hierarchy, path] : directories_) {
        if (hierarchy.has_cpu && cpu.shares.value_or(0) != 0) {
            base::write_existing_file(path / "cpu.shares", std::to_string(*cpu.shares));
        }
        if (hierarchy.unified && cpu.shares.value_or(0) != 0) {
            base::write_existing_file(path / "cpu.weight", std::to_string(cpu_weight(*cpu.shares)));
        }
        if (!hierarchy.has_cpuset && !hierarchy.unified) {
            continue;
        }
        if (!cpu.cpus.empty()) {
            base::write_existing_file(path / "cpuset.cpus", cpu.cpus);
        }
        if (!cpu.mems.empty()) {
            base::write_existing_file(path / "cpuset.mems", cpu.mems);
        }
    }
}

base::UniqueFd HostCgroup::open_memory() const {
    for (const auto& [hierarchy, path] : directories_) {
        if (hierarchy.has_memory && path != hierarchy.mount_point) {
            return base::open_file(path, O_PATH | O_DIRECTORY);
        }
    }
    return {};
}

}  // namespace kata::sandbox
