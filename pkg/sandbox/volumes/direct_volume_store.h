// DirectVolumeStore: the direct-assigned volumes of this host, in the layout of Kata Containers, so
// that whoever writes these files by hand (a CSI driver) goes on doing so:
//
//   <root>/<base64url of the volume's path>/          0700
//       mountInfo.json                                0600; mount_info.h
//       <sandbox id>                                  empty; this sandbox has the volume's device
//
// A sandbox file counts as long as the sandbox has a directory of its own; others are stale.
// Whoever changes something holds the lock of the root, readers take none. The root is opened once
// for each operation, and what is below it is reached only through that descriptor.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/file_lock.h"
#include "pkg/base/unique_fd.h"
#include "pkg/sandbox/volumes/mount_info.h"
#include "pkg/sandbox/volumes/volume_device.h"

namespace kata::sandbox {

inline constexpr const char* kDirectVolumeRoot = "/run/kata-containers/shared/direct-volumes";
inline constexpr const char* kMountInfoFile = "mountInfo.json";

struct DirectVolume {
    std::string path;                 // its name: the source of a container's mount
    std::filesystem::path directory;  // where its files are
    MountInfo info;
    std::vector<std::string> sandboxes;  // that have it
    std::vector<std::string> stale;      // that had it and do not exist any more
    std::string problem;     // why `info` could not be read; only list() gives such a volume
    bool half_made = false;  // the problem is that an add was interrupted
};

/// One thing that collect_garbage() has removed, or would.
struct Garbage {
    std::string volume;
    std::string sandbox;  // empty: the volume itself
    std::string reason;
};

class DirectVolumeStore {
  public:
    /// @param root made at the first add. @param sandboxes where every sandbox that exists has a
    /// directory.
    DirectVolumeStore(std::filesystem::path root,
                      std::filesystem::path sandboxes,
                      HostView host = {});

    /// Assigns the device of `info` to `path`; again with the same words is fine. Nothing is
    /// written before everything is checked.
    /// @throws base::Error: a path that cannot be one, a device that is missing, used by the host
    /// or by a sandbox, a volume that a sandbox has and that would change.
    void add(const std::string& path, const MountInfo& info) const;

    /// A volume that does not exist is fine. @throws base::Error invalid_state while a sandbox has
    /// it.
    void remove(const std::string& path) const;

    /// @param path any source of a mount. nullopt: it is no volume. @throws base::Error if it is
    /// one whose mountInfo.json cannot be used.
    [[nodiscard]] std::optional<DirectVolume> find(const std::string& path) const;

    /// @throws base::Error as find; not_found.
    [[nodiscard]] DirectVolume get(const std::string& path) const;

    /// By path. A broken entry is told of by its `problem`.
    [[nodiscard]] std::vector<DirectVolume> list() const;

    /// Gives the volume to a sandbox, whose containers may claim it again.
    /// @throws base::Error invalid_state if the host or another sandbox uses the device, also under
    /// another path; not_found if device or volume are gone.
    void claim(const std::string& path, const std::string& sandbox_id) const;

    /// What claim() did; fine if there is nothing of it, or no such volume any more.
    void release(const std::string& path, const std::string& sandbox_id) const;

    /// Loads the volume, lets `change` change its info, and stores that unless `change` throws; no
    /// other command changes a volume meanwhile. @return it as it is then.
    DirectVolume update(const std::string& path,
                        const std::function<void(DirectVolume&)>& change) const;

    /// Removes the files of sandboxes that do not exist, and the volumes that no sandbox has and
    /// whose device is gone. @param dry_run only say what.
    [[nodiscard]] std::vector<Garbage> collect_garbage(bool dry_run) const;

    [[nodiscard]] const HostView& host() const { return host_; }

  private:
    [[nodiscard]] base::FileLock lock() const;
    [[nodiscard]] base::UniqueFd open_root() const;
    [[nodiscard]] base::UniqueFd open_entry(const std::string& path) const;
    [[nodiscard]] std::filesystem::path directory_of(const std::string& path) const;
    [[nodiscard]] std::optional<DirectVolume> look_up(const std::string& path) const;
    [[nodiscard]] std::optional<DirectVolume> look_up_or_describe(const std::string& path) const;
    [[nodiscard]] DirectVolume load(base::FdRef entry, const std::string& path) const;
    void sort_sandboxes(base::FdRef entry, DirectVolume& volume) const;
    void require_unclaimed(const std::string& path,
                           const MountInfo& info,
                           const std::string& sandbox_id) const;
    void write(const std::string& path, const MountInfo& info) const;
    void erase(const std::string& path) const;
    void drop_sandbox(const std::string& path, const std::string& sandbox_id) const;

    std::filesystem::path root_;
    std::filesystem::path sandboxes_;
    HostView host_;
};

enum class VolumeState { free, in_use, gone, broken };

/// `gone`: the device does not exist, and no sandbox has it.
[[nodiscard]] VolumeState state_of(const DirectVolume& volume, const HostView& host = {});

/// "free", "in use", "device gone", "broken"
[[nodiscard]] const char* to_string(VolumeState state);

}  // namespace kata::sandbox
