#include "pkg/sandbox/volumes/direct_volume_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/safe_path.h"
#include "pkg/base/scope_exit.h"
#include "pkg/oci/container_id.h"
#include "pkg/sandbox/volumes/volume_path.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;
using base::FdRef;
using base::UniqueFd;

constexpr std::chrono::seconds kLockWait{30};
constexpr std::size_t kMaxMountInfo = std::size_t{1} << 20;
constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

std::string quoted(const std::string& text) {
    return "\"" + base::printable(text) + "\"";
}

/// The names in a directory, sorted.
std::vector<std::string> names_in(FdRef directory) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(base::path_of(directory))) {
        names.push_back(entry.path().filename().native());
    }
    std::ranges::sort(names);
    return names;
}

// What an interrupted write has left begins with a dot, then the name of the file.
bool is_sandbox_file(const std::string& name) {
    if (name == kMountInfoFile || name.starts_with(std::string(".") + kMountInfoFile)) {
        return false;
    }
    try {
        static_cast<void>(oci::ContainerId(name));
        return true;
    } catch (const Error&) {
        return false;  // nothing that a sandbox can be called
    }
}

bool is_disk(const MountInfo& info) {
    return settings_of(info).kind == VolumeKind::disk;
}

bool same_device(const MountInfo& one, const MountInfo& other, const HostView& host) {
    if (one.device == other.device) {
        return true;
    }
    if (!is_disk(one) || !is_disk(other)) {
        return false;
    }
    try {
        return overlap(examine_device(one.device, host), examine_device(other.device, host), host);
    } catch (const Error&) {
        return false;  // one of them is gone
    }
}

Error in_use(const std::string& operation,
             const DirectVolume& volume,
             const std::string& sandbox,
             const std::string& advice) {
    return {ErrorCode::invalid_state,
            operation + ": sandbox " + quoted(sandbox) + " has the volume " + quoted(volume.path) +
                "; " + advice};
}

void require_no_sandbox(const std::string& operation, const DirectVolume& volume) {
    if (!volume.sandboxes.empty()) {
        throw in_use(operation, volume, volume.sandboxes.front(), "delete its containers first");
    }
}

}  // namespace

DirectVolumeStore::DirectVolumeStore(std::filesystem::path root,
                                     std::filesystem::path sandboxes,
                                     HostView host)
    : root_(std::move(root)), sandboxes_(std::move(sandboxes)), host_(std::move(host)) {}

base::FileLock DirectVolumeStore::lock() const {
    return base::FileLock::acquire(
        root_ / ".lock", base::FileLock::Mode::exclusive, base::Deadline::after(kLockWait));
}

// Not valid: no volume was ever added.
UniqueFd DirectVolumeStore::open_root() const {
    UniqueFd root(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid() && errno != ENOENT) {
        throw base::errno_error("open", root_.native(), errno);
    }
    return root;
}

std::filesystem::path DirectVolumeStore::directory_of(const std::string& path) const {
    return root_ / encoded_volume_path(path);
}

// Not valid: there is no such volume.
UniqueFd DirectVolumeStore::open_entry(const std::string& path) const {
    const UniqueFd root = open_root();
    if (!root.valid()) {
        return {};
    }
    try {
        return base::open_in_root(root.ref(), encoded_volume_path(path), kDirectory);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::not_found) {
            return {};
        }
        throw;
    }
}

void DirectVolumeStore::sort_sandboxes(FdRef entry, DirectVolume& volume) const {
    for (std::string& name : names_in(entry)) {
        if (is_sandbox_file(name)) {
            struct stat status {};
            const bool exists = ::lstat((sandboxes_ / name).c_str(), &status) == 0;
            (exists ? volume.sandboxes : volume.stale).push_back(std::move(name));
        }
    }
}

// Every trouble with mountInfo.json is the volume's `problem`; it can still be removed.
DirectVolume DirectVolumeStore::load(FdRef entry, const std::string& path) const {
    DirectVolume volume;
    volume.path = path;
    volume.directory = directory_of(path);
    sort_sandboxes(entry, volume);
    const auto file = volume.directory / kMountInfoFile;
    try {
        const UniqueFd fd =
            base::open_in_root(entry, kMountInfoFile, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
        volume.info = parse_mount_info(
            base::read_file(fd.ref(), file, kMaxMountInfo), file.native(), MountInfoSource::stored);
    } catch (const Error& error) {
        volume.problem = error.what();
        volume.half_made = error.code() == ErrorCode::not_found;
    }
    return volume;
}

std::optional<DirectVolume> DirectVolumeStore::look_up(const std::string& path) const {
    const UniqueFd entry = open_entry(path);
    return entry.valid() ? std::optional(load(entry.ref(), path)) : std::nullopt;
}

// One entry that is not even a directory must not stand in the way of the others.
std::optional<DirectVolume> DirectVolumeStore::look_up_or_describe(const std::string& path) const {
    try {
        return look_up(path);
    } catch (const Error& error) {
        DirectVolume volume;
        volume.path = path;
        volume.directory = directory_of(path);
        volume.problem = error.what();
        return volume;
    }
}

std::optional<DirectVolume> DirectVolumeStore::find(const std::string& path) const {
    if (!can_be_volume_path(path)) {
        return std::nullopt;
    }
    auto volume = look_up(path);
    if (!volume || volume->half_made) {
        return std::nullopt;
    }
    if (!volume->problem.empty()) {
        throw Error(ErrorCode::internal, volume->problem);
    }
    return volume;
}

DirectVolume DirectVolumeStore::get(const std::string& path) const {
    require_volume_path(path);
    if (auto volume = find(path)) {
        return std::move(*volume);
    }
    throw Error(ErrorCode::not_found,
                "the direct volume " + quoted(path) +
                    " does not exist; \"kata-runtime direct-volume list\" shows those that do");
}

std::vector<DirectVolume> DirectVolumeStore::list() const {
    std::vector<DirectVolume> volumes;
    const UniqueFd root = open_root();
    if (!root.valid()) {
        return volumes;
    }
    for (const std::string& name : names_in(root.ref())) {
        // What has another name is nothing of ours; what is gone was removed meanwhile.
        const auto path = volume_path_of(name);
        if (auto volume = path ? look_up_or_describe(*path) : std::nullopt) {
            volumes.push_back(std::move(*volume));
        }
    }
    std::ranges::sort(volumes, {}, &DirectVolume::path);
    return volumes;
}

// `path` itself does not count.
void DirectVolumeStore::require_unclaimed(const std::string& path,
                                          const MountInfo& info,
                                          const std::string& sandbox_id) const {
    for (const DirectVolume& other : list()) {
        for (const std::string& sandbox : other.sandboxes) {
            if (other.path != path && sandbox != sandbox_id &&
                same_device(info, other.info, host_)) {
                throw in_use(
                    "cannot use the device " + quoted(info.device) + " for " + quoted(path),
                    other,
                    sandbox,
                    "a device belongs to one sandbox at a time");
            }
        }
    }
}

void DirectVolumeStore::add(const std::string& path, const MountInfo& info) const {
    require_volume_path(path);
    if (is_disk(info)) {
        require_unused_by_host(examine_device(info.device, host_), host_);
    }
    require_unclaimed(path, info, "");
    base::make_directories(root_);
    const base::FileLock held = lock();
    require_unclaimed(path, info, "");
    MountInfo wanted = info;
    if (const auto present = look_up(path)) {
        wanted.pending_size = present->info.device == info.device ? present->info.pending_size : 0;
        if (present->info == wanted) {
            return;
        }
        require_no_sandbox("cannot change the direct volume", *present);
    }
    write(path, wanted);
}

void DirectVolumeStore::write(const std::string& path, const MountInfo& info) const {
    const auto directory = directory_of(path);
    const bool made = ::mkdir(directory.c_str(), 0700) == 0;
    if (!made && errno != EEXIST) {
        throw base::errno_error("create", directory.native(), errno);
    }
    base::ScopeExit undo([&]() noexcept { ::rmdir(directory.c_str()); });
    if (!made) {
        undo.release();
    }
    const UniqueFd entry = open_entry(path);
    try {
        base::replace_file(std::filesystem::path(base::path_of(entry.ref())) / kMountInfoFile,
                           to_json_text(info));
    } catch (const Error& error) {
        throw error.with_context("cannot store the direct volume in " + directory.native());
    }
    undo.release();
}

void DirectVolumeStore::remove(const std::string& path) const {
    require_volume_path(path);
    if (!open_root().valid()) {
        return;
    }
    const base::FileLock held = lock();
    if (const auto present = look_up(path)) {
        require_no_sandbox("cannot remove the direct volume", *present);
        erase(path);
    }
}

void DirectVolumeStore::erase(const std::string& path) const {
    const UniqueFd root = open_root();
    base::remove_tree(std::filesystem::path(base::path_of(root.ref())) / encoded_volume_path(path));
}

void DirectVolumeStore::claim(const std::string& path, const std::string& sandbox_id) const {
    static_cast<void>(oci::ContainerId(sandbox_id));
    if (!is_sandbox_file(sandbox_id)) {
        throw Error(ErrorCode::invalid_argument, "no sandbox can be called " + quoted(sandbox_id));
    }
    static_cast<void>(get(path));
    const base::FileLock held = lock();
    const DirectVolume volume = get(path);
    if (is_disk(volume.info)) {
        require_unused_by_host(examine_device(volume.info.device, host_), host_);
    }
    for (const std::string& sandbox : volume.sandboxes) {
        if (sandbox != sandbox_id) {
            throw in_use("cannot use the direct volume",
                         volume,
                         sandbox,
                         "a device belongs to one sandbox at a time");
        }
    }
    require_unclaimed(path, volume.info, sandbox_id);
    const UniqueFd entry = open_entry(path);
    const UniqueFd file(::openat(entry.get(),
                                 sandbox_id.c_str(),
                                 O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
                                 0600));
    if (!file.valid()) {
        throw base::errno_error("create", (volume.directory / sandbox_id).native(), errno);
    }
}

void DirectVolumeStore::release(const std::string& path, const std::string& sandbox_id) const {
    if (!can_be_volume_path(path) || !is_sandbox_file(sandbox_id) || !open_root().valid()) {
        return;
    }
    const base::FileLock held = lock();
    drop_sandbox(path, sandbox_id);
}

void DirectVolumeStore::drop_sandbox(const std::string& path, const std::string& sandbox_id) const {
    const UniqueFd entry = open_entry(path);
    if (entry.valid() && ::unlinkat(entry.get(), sandbox_id.c_str(), 0) != 0 && errno != ENOENT) {
        throw base::errno_error("remove", (directory_of(path) / sandbox_id).native(), errno);
    }
}

DirectVolume DirectVolumeStore::update(const std::string& path,
                                       const std::function<void(DirectVolume&)>& change) const {
    static_cast<void>(get(path));
    const base::FileLock held = lock();
    const DirectVolume before = get(path);
    DirectVolume volume = before;
    change(volume);
    if (!(volume.info == before.info)) {
        write(path, volume.info);
    }
    return volume;
}

}  // namespace kata::sandbox
