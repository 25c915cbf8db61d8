#include "pkg/sandbox/volumes/filesystem_size.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include <climits>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::sandbox {
namespace {

/// The bytes of a device from `offset` on; zeros where it has none.
class Block {
  public:
    Block(base::FdRef device, off_t offset, const std::string& name) {
        ssize_t count = -1;
        do {
            count = ::pread(device.get(), bytes_.data(), bytes_.size(), offset);
        } while (count < 0 && errno == EINTR);
        if (count < 0) {
            throw base::errno_error("read", name, errno);
        }
    }

    [[nodiscard]] bool has(std::size_t offset, std::string_view text) const {
        return std::string_view(bytes_.data() + offset, text.size()) == text;
    }

    [[nodiscard]] std::uint64_t little_endian(std::size_t offset, std::size_t bytes) const {
        std::uint64_t number = 0;
        for (std::size_t i = bytes; i > 0; --i) {
            number = number << CHAR_BIT | byte(offset + i - 1);
        }
        return number;
    }

    [[nodiscard]] std::uint64_t big_endian(std::size_t offset, std::size_t bytes) const {
        std::uint64_t number = 0;
        for (std::size_t i = 0; i < bytes; ++i) {
            number = number << CHAR_BIT | byte(offset + i);
        }
        return number;
    }

  private:
    [[nodiscard]] std::uint64_t byte(std::size_t offset) const {
        return static_cast<unsigned char>(bytes_[offset]);
    }

    std::array<char, 1024> bytes_{};
};

// A product that does not fit is no size.
std::optional<std::uint64_t> product(std::uint64_t one, std::uint64_t other) {
    std::uint64_t result = 0;
    return __builtin_mul_overflow(one, other, &result) ? std::nullopt : std::optional(result);
}

std::optional<std::uint64_t> ext_size(const Block& superblock) {
    constexpr std::uint64_t kIncompat64Bit = 0x80;
    constexpr std::uint64_t kMaxShift = 6;  // blocks of 64 KiB
    if (!superblock.has(0x38, "\x53\xef") || superblock.little_endian(0x18, 4) > kMaxShift) {
        return std::nullopt;
    }
    std::uint64_t blocks = superblock.little_endian(0x04, 4);
    if ((superblock.little_endian(0x60, 4) & kIncompat64Bit) != 0) {
        blocks |= superblock.little_endian(0x150, 4) << 32;
    }
    return product(blocks, std::uint64_t{1024} << superblock.little_endian(0x18, 4));
}

std::optional<std::uint64_t> xfs_size(const Block& superblock) {
    constexpr std::size_t kInProgress = 126;  // not 0 until mkfs.xfs has finished
    if (!superblock.has(0, "XFSB") || superblock.big_endian(kInProgress, 1) != 0) {
        return std::nullopt;
    }
    return product(superblock.big_endian(4, 4), superblock.big_endian(8, 8));
}

std::optional<std::uint64_t> btrfs_size(const Block& superblock) {
    if (!superblock.has(0x40, "_BHRfS_M")) {
        return std::nullopt;
    }
    return superblock.little_endian(0x70, 8);
}

struct FileSystem {
    const char* family;
    std::uint64_t size;
};

std::optional<FileSystem> find_filesystem(const std::filesystem::path& device) {
    const base::UniqueFd fd = base::open_file(device, O_RDONLY | O_NONBLOCK);
    const auto block = [&](off_t offset) { return Block(fd.ref(), offset, device.native()); };
    if (const auto size = xfs_size(block(0))) {
        return FileSystem{"xfs", *size};
    }
    if (const auto size = ext_size(block(1024))) {
        return FileSystem{"ext4", *size};
    }
    if (const auto size = btrfs_size(block(off_t{64} << 10))) {
        return FileSystem{"btrfs", *size};
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> filesystem_size(const std::filesystem::path& device) {
    const auto found = find_filesystem(device);
    return found ? std::optional(found->size) : std::nullopt;
}

std::optional<std::string> filesystem_family(const std::filesystem::path& device) {
    const auto found = find_filesystem(device);
    return found ? std::optional<std::string>(found->family) : std::nullopt;
}

}  // namespace kata::sandbox
