#include "pkg/sandbox/guest_image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;

// The guest's kernel takes persistent memory by whole sections of this size.
constexpr std::uint64_t kMappedUnit = std::uint64_t{16} << 20;

// A master boot record, also the protective one of a GPT.
constexpr std::size_t kFirstEntryType = 0x1be + 4;
constexpr std::size_t kSignature = 510;

// With this header the guest's kernel has descriptors of the memory's pages, without which no file
// system can be used in place (DAX): struct nd_pfn_sb of its drivers/nvdimm/pfn.h.
constexpr std::size_t kDaxHeader = 4096;
constexpr std::string_view kDaxSignature = "NVDIMM_PFN_INFO";

struct ImageFile {
    std::uint64_t bytes = 0;
    bool partitioned = false;
    bool usable_in_place = false;
};

ImageFile describe(std::uint64_t bytes, std::string_view head) {
    return {
        .bytes = bytes,
        .partitioned = head.substr(kSignature, 2) == "\x55\xaa" && head[kFirstEntryType] != '\0',
        .usable_in_place = head.substr(kDaxHeader).starts_with(kDaxSignature)};
}

ImageFile look_at(const std::filesystem::path& path) {
    const base::UniqueFd file = base::open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat status {};
    std::array<char, kDaxHeader + kDaxSignature.size()> head{};
    if (::fstat(file.get(), &status) != 0) {
        throw base::errno_error("look at", path.native(), errno);
    }
    if (!S_ISREG(status.st_mode) ||
        ::pread(file.get(), head.data(), head.size(), 0) != std::ssize(head)) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot use the image \"" + path.native() +
                        "\": it is no regular file, or too small for a file system");
    }
    return describe(static_cast<std::uint64_t>(status.st_size), {head.data(), head.size()});
}

void require_mappable(const std::filesystem::path& path, std::uint64_t bytes) {
    if (bytes % kMappedUnit != 0) {
        const std::uint64_t next = (bytes / kMappedUnit + 1) * kMappedUnit;
        throw Error(
            ErrorCode::invalid_argument,
            "cannot map the image \"" + path.native() + "\": its size of " + std::to_string(bytes) +
                " bytes is no multiple of 16 MiB; run 'truncate -s " + std::to_string(next) + " " +
                path.native() + "' or set disable_image_nvdimm = true in configuration.toml");
    }
}

std::string root_on(const std::string& device, const RuntimeConfig& config, bool in_place) {
    std::string flags = in_place ? "dax" : "";
    if (config.rootfs_type == "ext4") {
        flags += std::string(flags.empty() ? "" : ",") + "errors=remount-ro";
    }
    return "root=" + device + (flags.empty() ? "" : " rootflags=" + flags) +
           " ro rootfstype=" + config.rootfs_type;
}

}  // namespace

VmImage describe_image(const RuntimeConfig& config) {
    const ImageFile file = look_at(config.image);
    VmImage image;
    image.path = config.image;
    image.bytes = file.bytes;
    image.disk_parameters = root_on(file.partitioned ? "/dev/vda1" : "/dev/vda", config, false);
    if (!config.disable_image_nvdimm) {
        require_mappable(config.image, file.bytes);
        image.memory_parameters =
            root_on(file.partitioned ? "/dev/pmem0p1" : "/dev/pmem0", config, file.usable_in_place);
    }
    return image;
}

const std::filesystem::path& booted_initrd(const RuntimeConfig& config) {
    return config.image.empty() ? config.initrd : config.image_loader;
}

}  // namespace kata::sandbox
