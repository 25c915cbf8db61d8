// Directories of cgroup hierarchies: how they are made, which above them are ours, how they go.
//
// Knows no container; HostCgroup says which directories, and what is journaled.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kata::sandbox {

/// One mounted hierarchy and where in it this process is.
struct CgroupHierarchy {
    std::filesystem::path mount_point;
    std::string own_path;  // "/..." below the mount point
    bool has_cpuset =
        false;  // v1 cpuset: a new directory is useless until cpus and mems are filled in
    bool has_cpu = false;     // v1
    bool has_memory = false;  // v1, or v2 with everything
    bool unified = false;     // v2
    bool operator==(const CgroupHierarchy&) const = default;
};

/// Makes a directory and those above it, usable: CPUs and memory nodes filled in on v1, controllers
/// handed down on v2. Each one made is marked as made by this runtime.
/// @throws base::Error naming the directory.
void make_cgroup_directory(const CgroupHierarchy& hierarchy,
                           const std::filesystem::path& directory);

/// The directories above one that are this runtime's to remove when they are empty, the uppermost
/// first: those that are missing, and those that it made for another container, which may be
/// deleted before. What an engine or an administrator made is not among them.
[[nodiscard]] std::vector<std::filesystem::path> own_cgroup_parents(
    const CgroupHierarchy& hierarchy, const std::filesystem::path& directory);

/// Removes a cgroup directory and those the container made below it; processes that are just ending
/// are waited for a moment. A missing directory is fine.
/// @return false if it is left to others, whose processes are in it. @throws base::Error by errno.
bool remove_cgroup(const std::filesystem::path& directory);

}  // namespace kata::sandbox
