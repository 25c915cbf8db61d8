#include "pkg/sandbox/disk_access.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <nlohmann/json.hpp>

#include "pkg/base/access_list.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/safe_path.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

constexpr mode_t kSearchable = 0711;

unsigned rights_for(bool read_only) {
    return read_only ? base::kReadAccess : base::kReadAccess | base::kWriteAccess;
}

bool mode_allows(const VmUser& user, const struct stat& status, unsigned rights) {
    const auto allows = [&](unsigned bits) { return (bits & rights) == rights; };
    if (user.uid == 0) {
        return true;
    }
    if (status.st_uid == user.uid) {
        return allows(status.st_mode >> 6);
    }
    if (std::find(user.groups.begin(), user.groups.end(), status.st_gid) != user.groups.end()) {
        return allows(status.st_mode >> 3);
    }
    return allows(status.st_mode);
}

bool may_open(const VmUser& user, const std::filesystem::path& file, unsigned rights) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) {
        throw base::errno_error("stat", file.native(), errno);
    }
    return mode_allows(user, status, rights);
}

bool needs_list(const PlannedDisk& disk, const VmUser& user) {
    if (disk.source.is_socket) {
        return !may_use(user, disk.source.path);
    }
    return !disk.source.is_block_device &&
           !may_open(user, disk.source.path, rights_for(disk.read_only));
}

void make_node(const DiskEffect& effect, const DiskSource& source, const VmUser& user) {
    const auto directory = effect.path.parent_path();
    base::make_directories(directory, kSearchable);
    if (::chmod(directory.c_str(), kSearchable) != 0) {  // whatever the caller's umask is
        throw base::errno_error("set the mode of", directory.native(), errno);
    }
    const mode_t rights = effect.read_only ? 0400 : 0600;
    if (::mknod(effect.path.c_str(), S_IFBLK | rights, makedev(source.major, source.minor)) != 0) {
        throw base::errno_error("make the device node", effect.path.native(), errno);
    }
    if (!effect.read_only && is_claimed(effect.path)) {
        throw Error(ErrorCode::invalid_state,
                    "cannot give the device \"" + base::printable(source.path.native(), 256) +
                        "\" to a virtual machine: the host uses it, perhaps in another mount "
                        "namespace; two systems writing to one disk destroy it");
    }
    if (::lchown(effect.path.c_str(), user.uid, user.gid) != 0) {
        throw base::errno_error("change the owner of", effect.path.native(), errno);
    }
}

void let_open(const DiskEffect& effect, const PlannedDisk& disk) {
    try {
        // Whoever may only read a disk still writes requests to its socket.
        const unsigned rights = rights_for(effect.read_only && !effect.is_socket);
        if (!base::grant_access(effect.path, *effect.listed_user, rights)) {
            throw Error(ErrorCode::permission_denied,
                        "its access list denies it to QEMU's user already");
        }
    } catch (const Error& error) {
        throw Error(error.code(),
                    "cannot let QEMU's user open \"" + disk.source.path.native() + "\"",
                    std::string(error.what()) + "; give user " +
                        std::to_string(*effect.listed_user) + " the right to it");
    }
}

void bind_file(const DiskEffect& effect, const PlannedDisk& disk) {
    const base::UniqueFd source = open_source(disk.source);
    const base::UniqueFd target = base::open_file(effect.path, O_CREAT | O_EXCL | O_RDONLY, 0600);
    if (::mount(
            base::path_of(source.ref()).c_str(), effect.path.c_str(), nullptr, MS_BIND, nullptr) !=
        0) {
        throw base::errno_error("bind", disk.source.path.native(), errno);
    }
    if (effect.listed_user) {
        let_open(effect, disk);
    }
}

void unlink_one(const std::filesystem::path& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
        throw base::errno_error("remove", path.native(), errno);
    }
}

std::filesystem::path path_for(const PlannedDisk& disk,
                               const std::string& vm_uuid,
                               const std::filesystem::path& assets) {
    if (disk.source.is_socket) {
        return disk.source.path;
    }
    return disk.source.is_block_device ? std::filesystem::path("/dev/kata-" + vm_uuid) / disk.serial
                                       : assets / ("disk-" + disk.serial);
}

// Only what is bound there has the entry; the empty file below has no list.
void unbind_file(const DiskEffect& effect) {
    if (effect.listed_user) {
        base::revoke_access(effect.path, *effect.listed_user);
    }
    if (::umount2(effect.path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL &&
        errno != ENOENT) {
        throw base::errno_error("unmount", effect.path.native(), errno);
    }
}

void remove_path(const DiskEffect& effect) {
    if (!effect.is_block_device) {
        unbind_file(effect);
    }
    unlink_one(effect.path);
    if (effect.is_block_device) {
        ::rmdir(effect.path.parent_path().c_str());  // unless another disk of the VM is there
    }
}

}  // namespace

std::string to_text(const DiskEffect& effect) {
    json document{{"vm", effect.vm_uuid},
                  {"serial", effect.serial},
                  {"path", effect.path.native()},
                  {"block", effect.is_block_device},
                  {"readOnly", effect.read_only},
                  {"major", effect.major},
                  {"minor", effect.minor},
                  {"inode", effect.inode}};
    if (effect.is_socket) {
        document["socket"] = true;
    }
    if (effect.listed_user) {
        document["user"] = *effect.listed_user;
    }
    if (!effect.claim.empty()) {
        document["claim"] = effect.claim.native();
    }
    return document.dump();
}

DiskEffect parse_disk_effect(const std::string& text) {
    try {
        const json document = json::parse(text);
        DiskEffect effect;
        effect.vm_uuid = document.at("vm").get<std::string>();
        effect.serial = document.at("serial").get<std::string>();
        effect.path = document.at("path").get<std::string>();
        effect.is_block_device = document.at("block").get<bool>();
        effect.is_socket = document.value("socket", false);
        effect.read_only = document.at("readOnly").get<bool>();
        if (document.contains("user")) {
            effect.listed_user = document.at("user").get<uid_t>();
        }
        effect.claim = document.value("claim", "");
        effect.major = document.value("major", 0U);
        effect.minor = document.value("minor", 0U);
        effect.inode = document.value("inode", std::uint64_t{0});
        return effect;
    } catch (const json::exception& error) {
        throw Error(ErrorCode::internal, "cannot read a disk of the journal", error.what());
    }
}

bool may_use(const VmUser& user, const std::filesystem::path& file) {
    return may_open(user, file, rights_for(/*read_only=*/false)) || base::is_listed(file, user.uid);
}

DiskEffect plan_access(const PlannedDisk& disk,
                       const std::string& vm_uuid,
                       const std::filesystem::path& assets,
                       const VmUser& user) {
    DiskEffect effect;
    effect.vm_uuid = vm_uuid;
    effect.serial = disk.serial;
    effect.is_block_device = disk.source.is_block_device;
    effect.read_only = disk.read_only;
    effect.is_socket = disk.source.is_socket;
    effect.path = path_for(disk, vm_uuid, assets);
    effect.claim = disk.claim;
    effect.major = disk.source.major;
    effect.minor = disk.source.minor;
    effect.inode = disk.source.inode;
    if (needs_list(disk, user)) {
        effect.listed_user = user.uid;
    }
    return effect;
}

void give_access(const DiskEffect& effect, const PlannedDisk& disk, const VmUser& user) {
    if (effect.is_block_device) {
        make_node(effect, disk.source, user);
    } else if (!effect.is_socket) {
        bind_file(effect, disk);
    } else if (effect.listed_user) {
        let_open(effect, disk);
    }
}

void release_claim(const std::filesystem::path& claim) {
    unlink_one(claim);
}

void take_access(const DiskEffect& effect) {
    if (effect.is_socket) {
        if (effect.listed_user) {
            base::revoke_access(effect.path, *effect.listed_user);
        }
    } else {
        remove_path(effect);
    }
    if (!effect.claim.empty()) {
        release_claim(effect.claim);
    }
}

}  // namespace kata::sandbox
