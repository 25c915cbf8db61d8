#include "pkg/agent/guest/block_device.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <charconv>
#include <string_view>

#include "pkg/agent/guest/pci_device.h"
#include "pkg/agent/guest/poll.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

constexpr std::size_t kPageHeader = 4;  // of a SCSI page: type, number, length

std::string trimmed(std::string text) {
    const auto end = text.find_last_not_of(std::string_view(" \n\0", 3));
    text.erase(end == std::string::npos ? 0 : end + 1);
    return text;
}

/// virtio-blk has a file for it; a SCSI disk its "unit serial number" page.
std::string serial_of(const fs::path& device) {
    if (const auto text = base::try_read_file(device / "serial")) {
        return trimmed(*text);
    }
    const std::string page = base::try_read_file(device / "device/vpd_pg80").value_or("");
    return page.size() > kPageHeader ? trimmed(page.substr(kPageHeader)) : "";
}

std::optional<BlockDevice> describe(const fs::path& device) {
    const std::string numbers = base::try_read_file(device / "dev").value_or("");
    BlockDevice described;
    described.name = device.filename();
    const char* const end = numbers.data() + numbers.size();
    const auto major = std::from_chars(numbers.data(), end, described.major);
    if (major.ec != std::errc() || major.ptr == end || *major.ptr != ':' ||
        std::from_chars(major.ptr + 1, end, described.minor).ec != std::errc()) {
        return std::nullopt;  // it has just gone
    }
    return described;
}

// Their entries lead to directories below that of the hardware they are on.
std::optional<BlockDevice> disk_behind(const fs::path& pci_device, const fs::path& sysfs) {
    std::error_code none;
    const std::string below = fs::canonical(pci_device, none).native() + "/";
    for (const fs::directory_entry& disk : fs::directory_iterator(sysfs / "block", none)) {
        if (fs::canonical(disk.path(), none).native().starts_with(below)) {
            return describe(disk.path());
        }
    }
    return std::nullopt;
}

// SCSI tells a new size only to whoever asks; for others there is no such file.
void look_again(const BlockDevice& device) {
    try {
        base::write_existing_file("/sys/block/" + device.name + "/device/rescan", "1");
    } catch (const Error&) {
        return;
    }
}

}  // namespace

std::optional<BlockDevice> find_block_device(const std::string& serial, const fs::path& sysfs) {
    std::error_code none;
    for (const fs::directory_entry& device : fs::directory_iterator(sysfs, none)) {
        if (!serial.empty() && serial_of(device.path()) == serial) {
            return describe(device.path());
        }
    }
    return std::nullopt;
}

BlockDevice await_block_device(const std::string& serial,
                               base::Deadline deadline,
                               const fs::path& sysfs) {
    std::optional<BlockDevice> found;
    if (!eventually(deadline, [&] { return (found = find_block_device(serial, sysfs)); })) {
        throw Error(
            ErrorCode::not_found,
            "the guest finds no disk with the serial \"" + base::printable(serial, 64) + "\"");
    }
    return *found;
}

BlockDevice await_pci_block_device(const std::string& pci_path,
                                   base::Deadline deadline,
                                   const fs::path& sysfs) {
    const fs::path pci_device = await_pci_device(pci_path, deadline, sysfs);
    std::optional<BlockDevice> found;
    if (!eventually(deadline, [&] { return (found = disk_behind(pci_device, sysfs)); })) {
        throw Error(
            ErrorCode::not_found,
            "the guest finds no disk behind its PCI device " + describe_pci_device(pci_device));
    }
    return *found;
}

std::uint64_t size_of(const BlockDevice& device) {
    const base::UniqueFd fd = base::open_file(device.path(), O_RDONLY);
    std::uint64_t bytes = 0;
    if (::ioctl(fd.get(), BLKGETSIZE64, &bytes) != 0) {
        throw base::errno_error("ask the size of", device.path(), errno);
    }
    return bytes;
}

void await_size(const BlockDevice& device, std::uint64_t bytes, base::Deadline deadline) {
    if (size_of(device) < bytes) {
        look_again(device);
    }
    if (!eventually(deadline, [&] { return size_of(device) >= bytes; })) {
        throw Error(ErrorCode::timeout,
                    "the guest sees " + std::to_string(size_of(device)) +
                        " bytes of the disk, not " + std::to_string(bytes));
    }
}

bool await_unused(const BlockDevice& device, base::Deadline deadline) {
    return eventually(deadline, [&] {
        const base::UniqueFd fd(::open(device.path().c_str(), O_RDONLY | O_EXCL | O_CLOEXEC));
        return fd.valid() || errno != EBUSY;
    });
}

}  // namespace kata::agent::guest
