#include "pkg/host/guest_files.h"

#include <algorithm>
#include <array>
#include <system_error>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/host/access.h"
#include "pkg/host/text.h"

namespace kata::host {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kMostBytes = std::size_t{512} << 20;
constexpr std::size_t kLongestRelease = 64;

// Offsets of the Linux/x86 boot protocol.
constexpr std::size_t kBootMagic = 0x202;
constexpr std::size_t kBootVersionPointer = 0x20e;
constexpr std::size_t kBootVersionBase = 0x200;

// Of the first entry of a table of partitions, and of its end.
constexpr std::size_t kEntryType = 0x1be + 4;
constexpr std::size_t kEntryStart = 0x1be + 8;
constexpr std::size_t kTableEnd = 510;
constexpr std::size_t kSector = 512;

/// A file system's mark and where it is.
struct Superblock {
    GuestFormat format;
    std::size_t offset;
    std::string_view magic;
};
constexpr std::array kSuperblocks = {
    Superblock{GuestFormat::ext4, 1024 + 56, "\x53\xef"sv},
    Superblock{GuestFormat::xfs, 0, "XFSB"sv},
    Superblock{GuestFormat::erofs, 1024, "\xe2\xe1\xf5\xe0"sv},
};

constexpr std::array kPackedMagics = {"\x1f\x8b"sv,
                                      "\xfd"
                                      "7zXZ"sv,
                                      "\x28\xb5\x2f\xfd"sv,
                                      "BZh"sv,
                                      "\x02\x21\x4c\x18"sv,
                                      "\x04\x22\x4d\x18"sv,
                                      "\x5d\x00\x00"sv};

bool has_at(std::string_view content, std::size_t offset, std::string_view magic) {
    return content.size() > offset && content.substr(offset).starts_with(magic);
}

/// The first partition, or all of it if there are none.
std::string_view first_partition(std::string_view content) {
    if (!has_at(content, kTableEnd, "\x55\xaa"sv) || content[kEntryType] == '\0') {
        return content;
    }
    std::size_t sector = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        sector |= std::size_t{static_cast<unsigned char>(content[kEntryStart + i])} << (8 * i);
    }
    return content.substr(std::min(sector * kSector, content.size()));
}

/// other: no file system that is known.
GuestFormat file_system(std::string_view content) {
    const auto found = std::ranges::find_if(kSuperblocks, [&](const Superblock& block) {
        return has_at(content, block.offset, block.magic);
    });
    return found == kSuperblocks.end() ? GuestFormat::other : found->format;
}

/// The release at the start of `text`; empty: there is none.
std::string release_at(std::string_view text) {
    const auto end = text.substr(0, kLongestRelease).find_first_of("/ \0\n"sv);
    const std::string_view release = end == std::string_view::npos ? ""sv : text.substr(0, end);
    return !release.empty() && release[0] >= '0' && release[0] <= '9' ? std::string(release) : "";
}

std::vector<std::string> releases_after(std::string_view content, std::string_view marker) {
    std::vector<std::string> releases;
    for (std::size_t at = 0; (at = content.find(marker, at)) != std::string_view::npos;) {
        at += marker.size();
        std::string release = release_at(content.substr(at));
        if (!release.empty() && std::ranges::find(releases, release) == releases.end()) {
            releases.push_back(std::move(release));
        }
    }
    std::ranges::sort(releases);
    return releases;
}

std::vector<std::string> boot_header_release(std::string_view content) {
    if (content.size() < kBootVersionPointer + 2) {
        return {};
    }
    const auto low = static_cast<unsigned char>(content[kBootVersionPointer]);
    const auto high = static_cast<unsigned char>(content[kBootVersionPointer + 1]);
    const std::size_t at = kBootVersionBase + low + (std::size_t{high} << 8);
    const std::string release = at < content.size() ? release_at(content.substr(at)) : "";
    return release.empty() ? std::vector<std::string>() : std::vector{release};
}

/// What a file of this size holds is worth reading whole: it takes some milliseconds.
std::string content_of(const std::filesystem::path& file) {
    try {
        return base::read_file(file, kMostBytes);
    } catch (const base::Error&) {
        return {};
    }
}

}  // namespace

GuestFormat guest_format(std::string_view content) {
    if (content.starts_with("\x7f"
                            "ELF")) {
        return GuestFormat::elf_kernel;
    }
    if (content.size() > kBootMagic && content.substr(kBootMagic).starts_with("HdrS")) {
        return GuestFormat::bzimage_kernel;
    }
    if (content.starts_with("070701") || content.starts_with("070702")) {
        return GuestFormat::cpio_archive;
    }
    const bool packed = std::ranges::any_of(
        kPackedMagics, [&](std::string_view magic) { return content.starts_with(magic); });
    return packed ? GuestFormat::packed_archive : file_system(first_partition(content));
}

std::vector<std::string> guest_releases(GuestFormat format, std::string_view content) {
    switch (format) {
        case GuestFormat::elf_kernel:
            return releases_after(content, "Linux version ");
        case GuestFormat::bzimage_kernel:
            return boot_header_release(content);
        case GuestFormat::cpio_archive:
        case GuestFormat::ext4:
        case GuestFormat::xfs:
        case GuestFormat::erofs:
            // Of a file system they stand in the lists of modules to load.
            return releases_after(content, "lib/modules/");
        default:
            return {};
    }
}

std::string component_version(std::string_view content) {
    // Written in two parts: this program would carry the mark a second time otherwise.
    static const std::string kMark = std::string("kata-component-") + "version=";
    const auto at = content.find(kMark);
    if (at == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = content.substr(at + kMark.size(), kLongestRelease);
    return std::string(rest.substr(0, rest.find('\0')));
}

std::string probe_component(const Roots& roots, const std::filesystem::path& path) {
    return component_version(content_of(roots.at(path)));
}

GuestFile probe_guest_file(const Roots& roots,
                           const std::filesystem::path& path,
                           const User& user) {
    GuestFile file{.path = path};
    const auto real = roots.at(path);
    if (path.empty() || !is_there(real)) {
        return file;
    }
    const std::string content = content_of(real);
    std::error_code ignored;
    file.bytes = std::filesystem::file_size(real, ignored);
    file.format = guest_format(content);
    file.releases = guest_releases(file.format, content);
    file.agent_version = component_version(content);
    file.readable_by_qemu = may_open(roots, path, user, Access::read);
    return file;
}

}  // namespace kata::host
