// StateStore: where the records live on disk and how they are found, written and locked.
//
//   <state_dir>/<sandbox id>/            0700; sandbox.json, journal, lock, console.log, ports/
//   <state_dir>/<sandbox id>/containers/<container id>/   state.json, config.json (the spec at
//   create) <root>/<container id>                a symbolic link to that directory: the index of
//   one --root
//
// Different roots are different id spaces: a sandbox whose id is taken by another root gets a
// suffix. Readers take no lock (records are replaced atomically); who changes a sandbox holds its
// lock.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/deadline.h"
#include "pkg/base/file_lock.h"
#include "pkg/oci/container_id.h"
#include "pkg/oci/spec.h"
#include "pkg/sandbox/record.h"

namespace kata::sandbox {

/// The paths of one container and of its sandbox. Values only.
struct ContainerPlace {
    oci::ContainerId id;
    std::string sandbox_id;
    std::filesystem::path sandbox_dir;
    std::filesystem::path container_dir;
    std::filesystem::path root{};  // the --root through which it was found

    [[nodiscard]] std::filesystem::path journal() const { return sandbox_dir / "journal"; }
    [[nodiscard]] std::filesystem::path lock() const { return sandbox_dir / "lock"; }
    [[nodiscard]] std::filesystem::path ports_dir() const { return sandbox_dir / "ports"; }
    [[nodiscard]] std::filesystem::path console_log() const { return sandbox_dir / "console.log"; }
};

/// A container id that is ours to create: its directories exist, its sandbox is locked.
struct Reservation {
    ContainerPlace place;
    base::FileLock lock;
};

class StateStore {
  public:
    /// @param root the --root of this invocation. @param state_dir the directory of all sandboxes.
    StateStore(const std::filesystem::path& root, std::filesystem::path state_dir);

    [[nodiscard]] const std::filesystem::path& root() const { return root_; }

    /// Makes `id` ours. @param pod_sandbox the container whose sandbox is joined; nullopt: a new
    /// sandbox.
    /// @throws Error already_exists "container with given ID already exists".
    [[nodiscard]] Reservation reserve(const oci::ContainerId& id,
                                      const std::optional<ContainerPlace>& pod_sandbox,
                                      base::Deadline deadline) const;

    /// nullopt if this root knows no such container.
    [[nodiscard]] std::optional<ContainerPlace> find(const oci::ContainerId& id) const;

    /// A container of a --root whose directory somebody has removed, as with an engine's whole
    /// state: nothing but its record leads to its VM. nullopt if there is none of that id.
    [[nodiscard]] std::optional<ContainerPlace> find_lost(const oci::ContainerId& id) const;

    /// @throws Error not_found "container does not exist".
    [[nodiscard]] ContainerPlace get(const oci::ContainerId& id) const;

    /// Locks the container's sandbox. @throws Error not_found if it was deleted meanwhile.
    [[nodiscard]] base::FileLock lock(const ContainerPlace& place, base::Deadline deadline) const;

    /// Removes the container's directory and index entry; with `whole_sandbox` the sandbox's too.
    void forget(const ContainerPlace& place, bool whole_sandbox) const;

    /// Ids in this root, sorted; entries that are no valid id are left out.
    [[nodiscard]] std::vector<oci::ContainerId> ids() const;

    [[nodiscard]] static ContainerRecord load_container(const ContainerPlace& place);
    static void save_container(const ContainerPlace& place, const ContainerRecord& record);
    [[nodiscard]] static SandboxRecord load_sandbox(const ContainerPlace& place);
    static void save_sandbox(const ContainerPlace& place, const SandboxRecord& record);
    [[nodiscard]] static oci::Spec load_spec(const ContainerPlace& place);
    static void save_spec(const ContainerPlace& place, const oci::Spec& spec);

  private:
    [[nodiscard]] std::filesystem::path index_entry(const oci::ContainerId& id) const;
    [[nodiscard]] ContainerPlace place_in(const oci::ContainerId& id,
                                          const std::string& sandbox_id) const;
    [[nodiscard]] std::string free_sandbox_id(const oci::ContainerId& id) const;
    void abandon(const ContainerPlace& place, bool whole_sandbox) const noexcept;

    std::filesystem::path root_;
    std::filesystem::path state_dir_;
};

}  // namespace kata::sandbox
