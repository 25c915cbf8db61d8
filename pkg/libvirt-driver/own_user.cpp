#include "pkg/libvirt-driver/own_user.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <set>
#include <system_error>

#include "pkg/base/error.h"

namespace kata::libvirt_driver {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kVmDirectory = "var/lib/libvirt/qemu";

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

/// The group without which a stranger cannot use `path`. nullopt: anybody can, or it is not there.
std::optional<gid_t> needed_group(const std::filesystem::path& path, mode_t everybody) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || (status.st_mode & everybody) == everybody) {
        return std::nullopt;
    }
    return status.st_gid;
}

gid_t group_for(UserIds qemu, bool kvm, const std::filesystem::path& root) {
    const auto directory = needed_group(root / kVmDirectory, S_IXOTH);
    const auto device = kvm ? needed_group(root / "dev/kvm", S_IROTH | S_IWOTH) : std::nullopt;
    if (directory && device && directory != device) {
        throw Error(ErrorCode::unsupported,
                    "rootless needs a user that is in the group of /dev/kvm and can search "
                    "/var/lib/libvirt/qemu, and libvirt gives it one group only; run "
                    "'chmod o+x /var/lib/libvirt/qemu'");
    }
    return device.value_or(directory.value_or(qemu.gid));
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

UserIds own_user(const std::string& uuid,
                 UserIds qemu,
                 bool kvm,
                 const std::filesystem::path& root) {
    const std::set<uid_t> taken = users_of_processes(root / "proc");
    uid_t number = number_of(uuid);
    while (taken.contains(kFirstOwnUser + number)) {
        number = (number + 1) % kOwnUsers;
    }
    return {kFirstOwnUser + number, group_for(qemu, kvm, root)};
}

std::optional<UserIds> own_user_of_running(const ProcessPaths& paths, const std::string& uuid) {
    const auto pid = find_qemu(paths, "", uuid, std::nullopt);
    struct stat status {};
    if (!pid || ::stat((paths.proc / std::to_string(*pid)).c_str(), &status) != 0 ||
        status.st_uid < kFirstOwnUser || status.st_uid - kFirstOwnUser >= kOwnUsers) {
        return std::nullopt;
    }
    return UserIds{status.st_uid, status.st_gid};
}

void give_file(const std::filesystem::path& file, UserIds owner) {
    if (!file.empty() && ::lchown(file.c_str(), owner.uid, owner.gid) != 0) {
        throw base::errno_error("give to QEMU's user", file.native(), errno);
    }
}

}  // namespace kata::libvirt_driver
