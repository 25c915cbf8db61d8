#include "pkg/agent/guest/swap.h"

#include <fcntl.h>
#include <sys/swap.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string_view>

#include "pkg/agent/guest/block_device.h"
#include "pkg/agent/guest/guest_log.h"
#include "pkg/agent/guest/use_modules.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;

// include/linux/swap.h: union swap_header.
constexpr std::size_t kInfoOffset = 1024;
constexpr std::string_view kMagic = "SWAPSPACE2";  // at the end of the page
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kLeastPages = 10;

void write_header(const BlockDevice& device) {
    const auto page_size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::string header = swap_header(size_of(device), page_size);
    const base::UniqueFd fd = base::open_file(device.path(), O_WRONLY);
    base::write_all(fd.ref(), header, device.path());
    if (::fsync(fd.get()) != 0) {
        throw base::errno_error("write", device.path(), errno);
    }
}

}  // namespace

std::string swap_header(std::uint64_t bytes, std::size_t page_size) {
    const std::uint64_t pages =
        std::min<std::uint64_t>(bytes / page_size, std::numeric_limits<std::uint32_t>::max());
    if (pages < kLeastPages) {
        throw Error(ErrorCode::invalid_argument,
                    "a disk of " + std::to_string(bytes) + " bytes is too small for swap space");
    }
    const std::array<std::uint32_t, 3> info{kVersion, static_cast<std::uint32_t>(pages - 1), 0};
    std::string page(page_size, '\0');
    std::memcpy(page.data() + kInfoOffset, info.data(), sizeof info);
    page.replace(page.size() - kMagic.size(), kMagic.size(), kMagic);
    return page;
}

void swap_on(const std::string& driver, const std::string& serial, base::Deadline deadline) {
    load_modules_for(driver, kDiskModules);
    const BlockDevice device = await_block_device(serial, deadline);
    write_header(device);
    if (::swapon(device.path().c_str(), SWAP_FLAG_DISCARD) != 0) {
        throw base::errno_error("swap to", device.path(), errno);
    }
    log_debug("swaps to " + device.path());
}

}  // namespace kata::agent::guest
