#include "pkg/libvirt-driver/own_user.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <system_error>

#include "pkg/base/error.h"

namespace kata::libvirt_driver {
namespace {

constexpr mode_t kGroupMayUse = S_IRGRP | S_IWGRP;

std::set<uid_t> users_of_processes(const std::filesystem::path& proc) {
    std::set<uid_t> users;
    std::error_code failure;
    for (std::filesystem::directory_iterator entry(proc, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        struct stat status {};
        if (::stat(entry->path().c_str(), &status) == 0) {
            users.insert(status.st_uid);
        }
    }
    return users;
}

gid_t kvm_group(const std::filesystem::path& device, gid_t otherwise) {
    struct stat status {};
    const bool by_group = ::stat(device.c_str(), &status) == 0 && status.st_gid != 0 &&
                          (status.st_mode & kGroupMayUse) == kGroupMayUse;
    return by_group ? status.st_gid : otherwise;
}

// FNV-1a: UUIDs are random, so that any mixing of their digits spreads.
uid_t number_of(const std::string& uuid) {
    std::uint32_t hash = 2166136261U;
    for (const unsigned char byte : uuid) {
        hash = (hash ^ byte) * 16777619U;
    }
    return hash % kOwnUsers;
}

}  // namespace

UserIds own_user(const std::string& uuid, UserIds qemu, const std::filesystem::path& root) {
    const std::set<uid_t> taken = users_of_processes(root / "proc");
    uid_t number = number_of(uuid);
    while (taken.contains(kFirstOwnUser + number)) {
        number = (number + 1) % kOwnUsers;
    }
    return {kFirstOwnUser + number, kvm_group(root / "dev/kvm", qemu.gid)};
}

void give_file(const std::filesystem::path& file, UserIds owner) {
    if (!file.empty() && ::lchown(file.c_str(), owner.uid, owner.gid) != 0) {
        throw base::errno_error("give to QEMU's user", file.native(), errno);
    }
}

}  // namespace kata::libvirt_driver
