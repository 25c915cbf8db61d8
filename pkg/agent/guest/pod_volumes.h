// PodVolumes: file systems in the guest's memory that containers of a pod share as volumes: tmpfs
// and hugetlbfs. Each lives as long as the machine, as a pod's volumes outlive its containers.
// Thread-safe.
//
// A spec asks for one by a mount with the source "pod-volume:<key>", whose type and
// "volumeOptions" are those of the file system; the key is the host's and says nothing but which
// are the same.
#pragma once

#include <filesystem>
#include <mutex>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

namespace kata::agent::guest {

class PodVolumes {
  public:
    /// @param directory where the mount points are made.
    explicit PodVolumes(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// Mounts what `spec` asks for and is not there yet, and makes the spec's mounts binds of it.
    /// @throws base::Error invalid_argument for a key that is no file name or another type; by
    /// errno.
    void attach(nlohmann::json& spec);

  private:
    void mount_once(const nlohmann::json& mount, const std::string& key);

    const std::filesystem::path directory_;
    std::mutex mutex_;
    std::set<std::string> mounted_;
};

}  // namespace kata::agent::guest
