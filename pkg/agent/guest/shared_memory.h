// SharedMemory: tmpfs mounts of the guest that several containers of a VM see as their /dev/shm.
// Each lives from the creation of its first container to the removal of its last. Thread-safe.
//
// A spec asks for one by a mount of type tmpfs with the source "shared-memory:<key>"; the key is
// the host's and says nothing but which are the same.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

namespace kata::agent::guest {

/// `key` if it is one of the host's for memory that is shared.
/// @throws base::Error invalid_argument for one that could lead elsewhere as a file name.
[[nodiscard]] std::string checked_key(const std::string& key);

class SharedMemory {
  public:
    /// @param directory where the mount points are made.
    explicit SharedMemory(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// Mounts what `spec` asks for and is not there yet, and makes the spec's mounts binds of it.
    /// @throws base::Error invalid_argument for a key that is no file name; by errno.
    void attach(const std::string& container_id, nlohmann::json& spec);

    /// Unmounts what nobody but this container had. An unknown container is fine; trouble is
    /// logged.
    void detach(const std::string& container_id) noexcept;

  private:
    void mount_for(const std::string& container_id, nlohmann::json& mount);

    const std::filesystem::path directory_;
    std::mutex mutex_;
    std::map<std::string, std::set<std::string>> users_;  // key -> container ids
};

}  // namespace kata::agent::guest
