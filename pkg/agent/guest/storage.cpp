#include "pkg/agent/guest/storage.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/agent/guest/use_modules.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

struct Flag {
    std::string_view name;
    unsigned long flag;
};

constexpr std::array kFlags{
    Flag{"ro", MS_RDONLY},
    Flag{"rw", 0},
    Flag{"defaults", 0},
    Flag{"nosuid", MS_NOSUID},
    Flag{"nodev", MS_NODEV},
    Flag{"noexec", MS_NOEXEC},
    Flag{"noatime", MS_NOATIME},
    Flag{"nodiratime", MS_NODIRATIME},
    Flag{"relatime", MS_RELATIME},
    Flag{"sync", MS_SYNCHRONOUS},
    Flag{"bind", MS_BIND},
    Flag{"rbind", MS_BIND | MS_REC},
};

}  // namespace

MountOptions parse_mount_options(const std::vector<std::string>& options) {
    MountOptions parsed;
    for (const std::string& option : options) {
        const auto* const known = std::find_if(
            kFlags.begin(), kFlags.end(), [&](const Flag& flag) { return flag.name == option; });
        if (known != kFlags.end()) {
            parsed.flags |= known->flag;
        } else if (!option.empty()) {
            parsed.data += (parsed.data.empty() ? "" : ",") + option;
        }
    }
    return parsed;
}

void Storages::mount(const Storage& storage) {
    const MountOptions options = parse_mount_options(storage.options);
    base::make_directories(storage.mount_point, 0755);
    load_modules_for(storage.fs_type, kFilesystemModules);
    const char* data = options.data.empty() ? nullptr : options.data.c_str();
    if (::mount(storage.source.c_str(),
                storage.mount_point.c_str(),
                storage.fs_type.c_str(),
                options.flags,
                data) != 0) {
        const int failure = errno;
        const auto error =
            base::errno_error("mount " + base::printable(storage.source, 256) + " (" +
                                  base::printable(storage.fs_type, 64) + ") on",
                              base::printable(storage.mount_point, 256),
                              failure);
        throw failure == ENODEV
            ? error.with_context("the guest's kernel does not know this file system")
            : error;
    }
    const std::lock_guard lock(mutex_);
    mount_points_.push_back(storage.mount_point);
}

void Storages::release_unused_files() noexcept {
    try {
        const std::lock_guard lock(mutex_);
        if (!mount_points_.empty()) {
            base::write_existing_file("/proc/sys/vm/drop_caches", "2");  // entries and inodes
        }
    } catch (const base::Error& error) {
        log_error(error.what());
    }
}

void Storages::unmount_all() noexcept {
    disks_.unmount_all();
    const std::lock_guard lock(mutex_);
    while (!mount_points_.empty()) {
        const std::string& mount_point = mount_points_.back();
        if (::umount2(mount_point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) {
            log_error("cannot unmount " + mount_point + ": " + base::errno_text(errno));
        }
        mount_points_.pop_back();
    }
}

}  // namespace kata::agent::guest
