#include "pkg/sandbox/state_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/safe_path.h"
#include "pkg/base/scope_exit.h"
#include "pkg/oci/spec_json.h"
#include "pkg/oci/state.h"

namespace kata::sandbox {
namespace {

// The path of a port's socket must fit into the 107 bytes of a unix address.
constexpr std::size_t kMaxSandboxId = 72;

std::string hex_hash(const std::string& text) {
    // FNV-1a: only spreads names apart, nothing depends on its strength.
    std::uint32_t hash = 2166136261U;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    }
    char digits[9];
    std::snprintf(digits, sizeof digits, "%08x", hash);
    return digits;
}

std::string shortened(const std::string& id, const std::string& distinct) {
    constexpr std::size_t kSuffix = 9;
    return id.substr(0, kMaxSandboxId - kSuffix) + "-" + hex_hash(distinct);
}

std::optional<std::filesystem::path> read_link(const std::filesystem::path& path) {
    std::error_code failure;
    auto target = std::filesystem::read_symlink(path, failure);
    return failure ? std::nullopt : std::optional(std::move(target));
}

bool is_there(const std::filesystem::path& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0;
}

void replace_symlink(const std::filesystem::path& target, const std::filesystem::path& link) {
    ::unlink(link.c_str());
    if (::symlink(target.c_str(), link.c_str()) != 0) {
        throw base::errno_error("create", link.native(), errno);
    }
}

// The entry in the root is made before the record, so a record without one has lost it.
bool has_lost_root(const ContainerPlace& place) {
    try {
        const std::filesystem::path root = StateStore::load_container(place).root;
        return !root.empty() && !is_there(root / place.id.str());
    } catch (const base::Error&) {
        return false;  // without a record nobody knows whose it is
    }
}

}  // namespace

StateStore::StateStore(const std::filesystem::path& root, std::filesystem::path state_dir)
    : root_(std::filesystem::absolute(root).lexically_normal()), state_dir_(std::move(state_dir)) {}

std::filesystem::path StateStore::index_entry(const oci::ContainerId& id) const {
    return root_ / id.str();
}

ContainerPlace StateStore::place_in(const oci::ContainerId& id,
                                    const std::string& sandbox_id) const {
    const auto sandbox_dir = state_dir_ / sandbox_id;
    return {id, sandbox_id, sandbox_dir, sandbox_dir / "containers" / id.str(), root_};
}

std::optional<ContainerPlace> StateStore::find(const oci::ContainerId& id) const {
    const auto target = read_link(index_entry(id));
    if (!target || !is_there(*target)) {
        return std::nullopt;
    }
    // <state_dir>/<sandbox id>/containers/<container id>
    const auto sandbox_id = target->parent_path().parent_path().filename().native();
    ContainerPlace place = place_in(id, sandbox_id);
    if (place.container_dir != *target) {
        return std::nullopt;
    }
    return place;
}

std::optional<ContainerPlace> StateStore::find_lost(const oci::ContainerId& id) const {
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(state_dir_, failure)) {
        ContainerPlace place = place_in(id, entry.path().filename());
        if (is_there(place.container_dir) && has_lost_root(place)) {
            return place;
        }
    }
    return std::nullopt;
}

ContainerPlace StateStore::get(const oci::ContainerId& id) const {
    if (auto place = find(id)) {
        return std::move(*place);
    }
    throw oci::container_not_found(id);
}

std::string StateStore::free_sandbox_id(const oci::ContainerId& id) const {
    const std::string distinct = root_.native() + "/" + id.str();
    std::string candidate =
        id.str().size() <= kMaxSandboxId ? id.str() : shortened(id.str(), distinct);
    if (is_there(state_dir_ / candidate)) {
        candidate = shortened(id.str(), distinct);
    }
    return candidate;
}

Reservation StateStore::reserve(const oci::ContainerId& id,
                                const std::optional<ContainerPlace>& pod_sandbox,
                                base::Deadline deadline) const {
    base::make_directories(root_);
    base::make_directories(state_dir_);
    // Held only while names are taken, so that of several creates of one id exactly one wins.
    const auto naming_lock =
        base::FileLock::acquire(root_ / ".lock", base::FileLock::Mode::exclusive, deadline);
    if (find(id)) {
        throw oci::container_exists(id);
    }
    const ContainerPlace place =
        place_in(id, pod_sandbox ? pod_sandbox->sandbox_id : free_sandbox_id(id));
    // The index comes first: whatever else a crash leaves is then found through it. An entry that
    // leads nowhere is the trace of such a crash.
    replace_symlink(place.container_dir, index_entry(id));
    base::ScopeExit undo([&]() noexcept { abandon(place, !pod_sandbox); });
    base::make_directories(place.container_dir);
    auto lock = base::FileLock::acquire(place.lock(), base::FileLock::Mode::exclusive, deadline);
    if (!is_there(place.container_dir)) {
        throw base::Error(base::ErrorCode::not_found,
                          "cannot join pod sandbox \"" + place.sandbox_id +
                              "\": it was deleted meanwhile; create it anew");
    }
    undo.release();
    return {place, std::move(lock)};
}

base::FileLock StateStore::lock(const ContainerPlace& place, base::Deadline deadline) const {
    try {
        auto lock =
            base::FileLock::acquire(place.lock(), base::FileLock::Mode::exclusive, deadline);
        if (is_there(place.container_dir)) {
            return lock;
        }
    } catch (const base::Error& error) {
        if (error.code() != base::ErrorCode::not_found) {
            throw;
        }
    }
    throw oci::container_not_found(place.id);
}

namespace {

// A command that waits for the lock may make its file anew in a directory that is just being
// emptied; that command finds no container then, and we must not fail because of it.
void remove_contested_tree(const std::filesystem::path& directory) {
    constexpr int kAttempts = 20;
    for (int attempt = 1;; ++attempt) {
        try {
            return base::remove_tree(directory);
        } catch (const base::Error&) {
            if (attempt == kAttempts) {
                throw;
            }
        }
    }
}

}  // namespace

// The failure that led here is the one to tell. A directory that does not exist cannot be removed
// from a read-only file system either, and leaves nothing for `delete --force` to find.
void StateStore::abandon(const ContainerPlace& place, bool whole_sandbox) const noexcept {
    try {
        forget(place, whole_sandbox);
    } catch (const std::exception&) {
        if (!is_there(place.container_dir)) {
            ::unlink(index_entry(place.id).c_str());
        }
    }
}

void StateStore::forget(const ContainerPlace& place, bool whole_sandbox) const {
    remove_contested_tree(whole_sandbox ? place.sandbox_dir : place.container_dir);
    if (::unlink(index_entry(place.id).c_str()) != 0 && errno != ENOENT) {
        throw base::errno_error("remove", index_entry(place.id).native(), errno);
    }
}

std::vector<oci::ContainerId> StateStore::ids() const {
    std::vector<oci::ContainerId> found;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(root_, failure)) {
        if (!entry.is_symlink()) {
            continue;
        }
        try {
            found.emplace_back(entry.path().filename().native());
        } catch (const base::Error&) {
            continue;  // not an id, so nothing of ours
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

ContainerRecord StateStore::load_container(const ContainerPlace& place) {
    const auto path = place.container_dir / "state.json";
    return parse_container_record(base::read_file(path), path.native());
}

void StateStore::save_container(const ContainerPlace& place, const ContainerRecord& record) {
    base::write_file_atomically(place.container_dir / "state.json", to_json_text(record));
}

SandboxRecord StateStore::load_sandbox(const ContainerPlace& place) {
    const auto path = place.sandbox_dir / "sandbox.json";
    return parse_sandbox_record(base::read_file(path), path.native());
}

void StateStore::save_sandbox(const ContainerPlace& place, const SandboxRecord& record) {
    base::write_file_atomically(place.sandbox_dir / "sandbox.json", to_json_text(record));
}

oci::Spec StateStore::load_spec(const ContainerPlace& place) {
    const auto path = place.container_dir / "config.json";
    return oci::parse_spec(base::read_file(path), path.native());
}

void StateStore::save_spec(const ContainerPlace& place, const oci::Spec& spec) {
    base::write_file_atomically(place.container_dir / "config.json", spec.document.dump());
}

}  // namespace kata::sandbox
