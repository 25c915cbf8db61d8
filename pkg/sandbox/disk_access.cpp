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

bool may_open(const VmUser& user, const struct stat& status, unsigned rights) {
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

bool needs_list(const PlannedDisk& disk, const VmUser& user) {
    if (disk.source.is_block_device) {
        return false;
    }
    struct stat status {};
    if (::stat(disk.source.path.c_str(), &status) != 0) {
        throw base::errno_error("stat", disk.source.path.native(), errno);
    }
    return !may_open(user, status, rights_for(disk.read_only));
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
        if (!base::grant_access(effect.path, *effect.listed_user, rights_for(effect.read_only))) {
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

}  // namespace

std::string to_text(const DiskEffect& effect) {
    json document{{"vm", effect.vm_uuid},
                  {"serial", effect.serial},
                  {"path", effect.path.native()},
                  {"block", effect.is_block_device},
                  {"readOnly", effect.read_only}};
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
        effect.read_only = document.at("readOnly").get<bool>();
        if (document.contains("user")) {
            effect.listed_user = document.at("user").get<uid_t>();
        }
        effect.claim = document.value("claim", "");
        return effect;
    } catch (const json::exception& error) {
        throw Error(ErrorCode::internal, "cannot read a disk of the journal", error.what());
    }
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
    effect.path = disk.source.is_block_device
                      ? std::filesystem::path("/dev/kata-" + vm_uuid) / disk.serial
                      : assets / ("disk-" + disk.serial);
    effect.claim = disk.claim;
    if (needs_list(disk, user)) {
        effect.listed_user = user.uid;
    }
    return effect;
}

void give_access(const DiskEffect& effect, const PlannedDisk& disk, const VmUser& user) {
    if (effect.is_block_device) {
        make_node(effect, disk.source, user);
    } else {
        bind_file(effect, disk);
    }
}

void take_access(const DiskEffect& effect) {
    if (!effect.is_block_device) {
        unbind_file(effect);
    }
    unlink_one(effect.path);
    if (effect.is_block_device) {
        ::rmdir(effect.path.parent_path().c_str());  // unless another disk of the VM is there
    }
    if (!effect.claim.empty()) {
        unlink_one(effect.claim);
    }
}

}  // namespace kata::sandbox
