#include "pkg/sandbox/lent_rootfs.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/quoted.h"
#include "pkg/base/safe_path.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using base::quoted;
using nlohmann::json;

constexpr std::array<std::pair<std::string_view, unsigned long>, 7> kFlags{{
    {"ro", MS_RDONLY},
    {"nosuid", MS_NOSUID},
    {"nodev", MS_NODEV},
    {"noexec", MS_NOEXEC},
    {"noatime", MS_NOATIME},
    {"nodiratime", MS_NODIRATIME},
    {"relatime", MS_RELATIME},
}};

// Shown among a file system's options, and no option of it.
constexpr std::array<std::string_view, 3> kShownOnly{"ro", "rw", "seclabel"};

/// Not valid if another device, or none, is there by now.
base::UniqueFd open_device(const LentRootfs& lent, int flags) {
    base::UniqueFd fd(::open(lent.device.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | flags));
    struct stat status {};
    if (fd.valid() && (::fstat(fd.get(), &status) != 0 || !S_ISBLK(status.st_mode) ||
                       status.st_rdev != makedev(lent.major, lent.minor))) {
        errno = ENODEV;
        fd.reset();
    }
    return fd;
}

// Devices that are no loop devices know no such thing.
bool is_autoclear(const base::UniqueFd& device) {
    loop_info64 info{};
    return ::ioctl(device.get(), LOOP_GET_STATUS64, &info) == 0 &&
           (info.lo_flags & LO_FLAGS_AUTOCLEAR) != 0;
}

void toggle_autoclear(const base::UniqueFd& device, const LentRootfs& lent) {
    loop_info64 info{};
    if (::ioctl(device.get(), LOOP_GET_STATUS64, &info) == 0) {
        info.lo_flags ^= LO_FLAGS_AUTOCLEAR;
        if (::ioctl(device.get(), LOOP_SET_STATUS64, &info) == 0) {
            return;
        }
    }
    throw base::errno_error("change when to let go of", lent.device.native(), errno);
}

bool is_mounted(const fs::path& mount_point) {
    return std::ranges::any_of(mount_table(), [&](const base::MountEntry& entry) {
        return entry.mount_point == mount_point;
    });
}

void mount_back(const LentRootfs& lent) {
    std::error_code failure;
    if (!fs::is_directory(lent.mount_point, failure) || is_mounted(lent.mount_point)) {
        return;
    }
    const base::UniqueFd target =
        base::open_file(lent.mount_point, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (::mount(lent.device.c_str(),
                base::path_of(target.ref()).c_str(),
                lent.fs_type.c_str(),
                lent.flags,
                lent.options.c_str()) != 0) {
        throw base::errno_error("mount again", lent.mount_point.native(), errno);
    }
}

// Every VM that has a disk has a node of its number.
void require_in_no_vm(const LentRootfs& lent) {
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator("/dev", failure)) {
        if (entry.path().filename().native().starts_with("kata-") &&
            fs::exists(entry.path() / lent.serial, failure)) {
            throw Error(ErrorCode::invalid_state,
                        "cannot use the root file system " + quoted(lent.mount_point) +
                            ": its device " + quoted(lent.device) +
                            " is a disk of another container's VM");
        }
    }
}

LentRootfs lent_of(const RootDisk& root) {
    LentRootfs lent;
    lent.device = root.source.path;
    lent.major = root.source.major;
    lent.minor = root.source.minor;
    lent.serial = serial_of(root.source);
    lent.mount_point = root.mount.mount_point;
    lent.fs_type = root.mount.fs_type;
    lent.flags = mount_flags_of(root.mount);
    lent.options = mount_data_of(root.mount);
    lent.read_only = root.source.read_only;
    return lent;
}

/// Why it cannot be lent; empty: the host has nothing of it any more.
std::string unmount(const LentRootfs& lent) {
    if (::umount2(lent.mount_point.c_str(), UMOUNT_NOFOLLOW) != 0) {
        return "it cannot be unmounted: " + base::errno_text(errno);
    }
    if (!open_device(lent, O_EXCL).valid()) {
        return errno == EBUSY ? "its device is in use in another mount namespace"
                              : "its device cannot be opened: " + base::errno_text(errno);
    }
    return "";
}

}  // namespace

unsigned long mount_flags_of(const base::MountEntry& mount) {
    unsigned long flags = 0;
    for (const auto& [name, flag] : kFlags) {
        flags |= std::ranges::find(mount.options, name) != mount.options.end() ? flag : 0;
    }
    const bool read_only = std::ranges::find(mount.fs_options, "ro") != mount.fs_options.end();
    return read_only ? flags | MS_RDONLY : flags;
}

std::string mount_data_of(const base::MountEntry& mount) {
    std::string data;
    for (const std::string& option : mount.fs_options) {
        if (std::ranges::find(kShownOnly, option) == kShownOnly.end()) {
            data += (data.empty() ? "" : ",") + option;
        }
    }
    return data;
}

std::string to_text(const LentRootfs& lent) {
    return json{{"device", lent.device.native()},
                {"major", lent.major},
                {"minor", lent.minor},
                {"serial", lent.serial},
                {"mountPoint", lent.mount_point.native()},
                {"type", lent.fs_type},
                {"flags", lent.flags},
                {"options", lent.options},
                {"readOnly", lent.read_only},
                {"autoclear", lent.autoclear}}
        .dump();
}

LentRootfs parse_lent_rootfs(const std::string& text) {
    try {
        const json document = json::parse(text);
        LentRootfs lent;
        lent.device = document.at("device").get<std::string>();
        lent.major = document.at("major").get<unsigned>();
        lent.minor = document.at("minor").get<unsigned>();
        lent.serial = document.at("serial").get<std::string>();
        lent.mount_point = document.at("mountPoint").get<std::string>();
        lent.fs_type = document.at("type").get<std::string>();
        lent.flags = document.at("flags").get<unsigned long>();
        lent.options = document.at("options").get<std::string>();
        lent.read_only = document.at("readOnly").get<bool>();
        lent.autoclear = document.at("autoclear").get<bool>();
        return lent;
    } catch (const json::exception& error) {
        throw Error(
            ErrorCode::internal, "cannot read a root file system of the journal", error.what());
    }
}

bool lend_rootfs(const RootDisk& root, Journal& journal, base::Log& log) {
    LentRootfs lent = lent_of(root);
    require_in_no_vm(lent);
    const base::UniqueFd device = open_device(lent, 0);
    std::string why_not;
    if (!device.valid()) {
        why_not = "its device cannot be opened: " + base::errno_text(errno);
    } else {
        lent.autoclear = is_autoclear(device);
        journal.record(Effect::Kind::rootfs, to_text(lent));
        if (lent.autoclear) {
            toggle_autoclear(device, lent);
        }
        why_not = unmount(lent);
        if (!why_not.empty()) {
            take_rootfs_back(lent, /*mount_again=*/true);
        }
    }
    const std::string what =
        "the root file system " + quoted(lent.mount_point) + " on " + quoted(lent.device);
    log.debug(why_not.empty() ? what + " is unmounted here and becomes a disk of the VM"
                              : what + " is shared with the VM: " + why_not);
    return why_not.empty();
}

void take_rootfs_back(const LentRootfs& lent, bool mount_again) {
    const base::UniqueFd device = open_device(lent, 0);
    if (!device.valid()) {
        return;
    }
    if (mount_again) {
        mount_back(lent);
    }
    if (lent.autoclear && !is_autoclear(device)) {
        toggle_autoclear(device, lent);
    }
}

}  // namespace kata::sandbox
