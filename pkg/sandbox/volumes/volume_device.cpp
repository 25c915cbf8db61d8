#include "pkg/sandbox/volumes/volume_device.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

constexpr std::uint64_t kSector = 512;

// As the kernel writes it: "8:16".
std::string number_text(dev_t number) {
    return std::to_string(major(number)) + ":" + std::to_string(minor(number));
}

fs::path sys_of(const HostView& host, const std::string& number) {
    return host.sys / "dev/block" / number;
}

/// The first line of a file of /sys; empty if it cannot be read.
std::string line_of(const fs::path& file) {
    const std::string text = base::try_read_file(file).value_or("");
    return text.substr(0, text.find('\n'));
}

bool is_there(const fs::path& path) {
    std::error_code failure;
    return fs::exists(path, failure);
}

std::vector<fs::path> entries_of(const fs::path& directory) {
    std::vector<fs::path> entries;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(directory, failure)) {
        entries.push_back(entry.path());
    }
    std::ranges::sort(entries);
    return entries;
}

std::uint64_t block_size(const HostView& host, dev_t number) {
    std::uint64_t sectors = 0;
    std::istringstream(line_of(sys_of(host, number_text(number)) / "size")) >> sectors;
    return sectors * kSector;
}

void find_backing_file(const HostView& host, VolumeDevice& device) {
    const std::string file =
        line_of(sys_of(host, number_text(device.number)) / "loop/backing_file");
    struct stat status {};
    if (!file.empty() && ::stat(file.c_str(), &status) == 0) {
        device.filesystem = status.st_dev;
        device.inode = status.st_ino;
    }
}

/// The numbers of a block device, of its partitions, and of the disk it is a partition of.
std::vector<std::string> related_numbers(const HostView& host, dev_t number) {
    std::vector<std::string> numbers = {number_text(number)};
    const fs::path device = sys_of(host, numbers.front());
    for (const fs::path& entry : entries_of(device)) {
        if (is_there(entry / "partition")) {
            numbers.push_back(line_of(entry / "dev"));
        }
    }
    if (is_there(device / "partition")) {
        std::error_code failure;
        const fs::path disk = fs::canonical(device, failure).parent_path();
        numbers.push_back(line_of(disk / "dev"));
    }
    std::erase(numbers, "");  // a device that goes away just now
    return numbers;
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
    return std::ranges::find(list, text) != list.end();
}

std::optional<std::string> mount_use(const HostView& host,
                                     const std::vector<std::string>& numbers) {
    for (const base::MountEntry& mount : mount_table(host)) {
        if (contains(numbers, mount.number)) {
            return "is mounted on " + base::printable(mount.mount_point.native());
        }
    }
    return std::nullopt;
}

// A btrfs has a number of its own in mountinfo; its devices are listed while it is mounted.
std::optional<std::string> btrfs_use(const HostView& host,
                                     const std::vector<std::string>& numbers) {
    for (const fs::path& filesystem : entries_of(host.sys / "fs/btrfs")) {
        for (const fs::path& device : entries_of(filesystem / "devices")) {
            if (contains(numbers, line_of(device / "dev"))) {
                return "is part of a mounted btrfs";
            }
        }
    }
    return std::nullopt;
}

bool is_file(const fs::path& path, const VolumeDevice& device) {
    struct stat status {};
    return device.inode != 0 && ::stat(path.c_str(), &status) == 0 &&
           status.st_dev == device.filesystem && status.st_ino == device.inode;
}

bool is_swap(const HostView& host,
             const VolumeDevice& device,
             const std::vector<std::string>& numbers) {
    std::istringstream lines(base::try_read_file(host.proc / "swaps").value_or(""));
    std::string line;
    std::getline(lines, line);  // the header
    while (std::getline(lines, line)) {
        const fs::path path = base::unescaped(line.substr(0, line.find_first_of(" \t")));
        if (is_file(path, device) || contains(numbers, number_of_device(path, host))) {
            return true;
        }
    }
    return false;
}

std::optional<std::string> holder_use(const HostView& host,
                                      const std::vector<std::string>& numbers) {
    for (const std::string& number : numbers) {
        for (const fs::path& holder : entries_of(sys_of(host, number) / "holders")) {
            return "is held by " + base::printable(holder.filename().native());
        }
    }
    return std::nullopt;
}

std::optional<std::string> use_of_numbers(const HostView& host,
                                          const std::vector<std::string>& numbers) {
    for (const auto& look : {mount_use, btrfs_use, holder_use}) {
        if (auto use = look(host, numbers)) {
            return use;
        }
    }
    return std::nullopt;
}

bool is_at_its_path(const VolumeDevice& device) {
    struct stat status {};
    return device.kind == VolumeDevice::Kind::block && ::stat(device.path.c_str(), &status) == 0 &&
           S_ISBLK(status.st_mode) && status.st_rdev == device.number;
}

/// What is done with the loop devices of a file.
std::optional<std::string> loop_use(const HostView& host, const VolumeDevice& file) {
    for (const fs::path& disk : entries_of(host.sys / "block")) {
        const std::string backing = line_of(disk / "loop/backing_file");
        if (backing.empty() || !is_file(backing, file)) {
            continue;
        }
        unsigned major_number = 0;
        unsigned minor_number = 0;
        char colon = 0;
        std::istringstream(line_of(disk / "dev")) >> major_number >> colon >> minor_number;
        const auto numbers = related_numbers(host, makedev(major_number, minor_number));
        if (auto use = use_of_numbers(host, numbers)) {
            return "has the loop device " + disk.filename().native() + ", which " + *use;
        }
    }
    return std::nullopt;
}

}  // namespace

std::vector<base::MountEntry> mount_table(const HostView& host) {
    return base::parse_mount_table(base::try_read_file(host.proc / "self/mountinfo").value_or(""));
}

std::string number_of_device(const fs::path& path, const HostView& host) {
    std::error_code failure;
    const fs::path real = fs::weakly_canonical(path, failure);
    return line_of(host.sys / "class/block" / (failure ? path : real).filename() / "dev");
}

VolumeDevice examine_device(const std::string& path, const HostView& host) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        throw base::errno_error("use the device", base::printable(path), errno);
    }
    VolumeDevice device;
    device.path = fs::canonical(path);
    if (S_ISBLK(status.st_mode)) {
        return examine_number(device.path, status.st_rdev, host);
    }
    if (S_ISREG(status.st_mode)) {
        device.size = static_cast<std::uint64_t>(status.st_size);
        device.is_allocated = device.size > 0 &&
                              static_cast<std::uint64_t>(status.st_blocks) * kSector >= device.size;
        device.filesystem = status.st_dev;
        device.inode = status.st_ino;
    } else {
        throw Error(ErrorCode::invalid_argument,
                    "cannot use the device \"" + base::printable(path) +
                        "\": it is neither a block device nor a regular file");
    }
    return device;
}

VolumeDevice examine_number(const fs::path& path, dev_t number, const HostView& host) {
    VolumeDevice device;
    device.kind = VolumeDevice::Kind::block;
    device.path = path;
    device.number = number;
    device.size = block_size(host, number);
    find_backing_file(host, device);
    return device;
}

std::optional<std::string> host_use(const VolumeDevice& device, const HostView& host) {
    std::vector<std::string> numbers;
    if (device.kind == VolumeDevice::Kind::block) {
        numbers = related_numbers(host, device.number);
        if (auto use = use_of_numbers(host, numbers)) {
            return use;
        }
    }
    if (is_swap(host, device, numbers)) {
        return "is used as swap";
    }
    return device.kind == VolumeDevice::Kind::file ? loop_use(host, device) : std::nullopt;
}

bool is_claimed(const fs::path& device) {
    const base::UniqueFd fd(::open(device.c_str(), O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC));
    if (!fd.valid() && errno != EBUSY) {
        throw base::errno_error("open the device", device.native(), errno);
    }
    return !fd.valid();
}

void require_unused_by_host(const VolumeDevice& device, const HostView& host) {
    auto use = host_use(device, host);
    if (!use && is_at_its_path(device) && is_claimed(device.path)) {
        use = "is in use, perhaps in another mount namespace";
    }
    if (use) {
        throw Error(ErrorCode::invalid_state,
                    "cannot give the device \"" + base::printable(device.path.native()) +
                        "\" to a virtual machine: on this host it " + *use +
                        "; two systems writing to one disk destroy it");
    }
}

bool overlap(const VolumeDevice& one, const VolumeDevice& other, const HostView& host) {
    if (one.inode != 0 && one.inode == other.inode && one.filesystem == other.filesystem) {
        return true;
    }
    return one.kind == VolumeDevice::Kind::block && other.kind == VolumeDevice::Kind::block &&
           contains(related_numbers(host, one.number), number_text(other.number));
}

}  // namespace kata::sandbox
