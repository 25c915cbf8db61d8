#include "pkg/sandbox/guest_filesystems.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <sstream>
#include <string_view>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/unique_fd.h"

namespace kata::sandbox {
namespace {

constexpr const char* kList = "etc/kata-agent/filesystem-modules";
constexpr std::size_t kHeader = 110;  // magic and 13 fields of 8 hexadecimal digits
constexpr std::size_t kMostNameBytes = 4096;
constexpr std::size_t kMostMemberBytes = std::size_t{64} << 10;

struct Member {
    std::uint64_t size = 0;
    std::uint64_t name_size = 0;
};

std::optional<std::string> read_at(const base::UniqueFd& file,
                                   std::uint64_t offset,
                                   std::size_t size) {
    std::string bytes(size, '\0');
    const ssize_t count = ::pread(file.get(), bytes.data(), size, static_cast<off_t>(offset));
    return count == static_cast<ssize_t>(size) ? std::optional(std::move(bytes)) : std::nullopt;
}

std::optional<std::uint64_t> field(std::string_view header, std::size_t index) {
    const std::string_view digits = header.substr(6 + 8 * index, 8);
    std::uint64_t value = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return failure == std::errc() && end == digits.data() + digits.size() ? std::optional(value)
                                                                          : std::nullopt;
}

std::optional<Member> parse_header(std::string_view header) {
    const auto size = field(header, 6);
    const auto name_size = field(header, 11);
    if (!header.starts_with("070701") || !size || !name_size || *name_size == 0 ||
        *name_size > kMostNameBytes) {
        return std::nullopt;
    }
    return Member{*size, *name_size};
}

std::uint64_t padded(std::uint64_t offset) {
    return (offset + 3) / 4 * 4;
}

bool lists(const std::string& list, const std::string& type) {
    std::istringstream lines(list);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(type + " ")) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::optional<std::string> archive_member(const std::filesystem::path& archive,
                                          const std::string& name) {
    const base::UniqueFd file = base::open_file(archive, O_RDONLY);
    for (std::uint64_t at = 0;;) {
        const auto header = read_at(file, at, kHeader);
        const auto member = header ? parse_header(*header) : std::nullopt;
        const auto found = member ? read_at(file, at + kHeader, member->name_size) : std::nullopt;
        if (!found || *found == std::string("TRAILER!!!") + '\0') {
            return std::nullopt;
        }
        const std::uint64_t content = padded(at + kHeader + member->name_size);
        if (*found == name + '\0') {
            return member->size <= kMostMemberBytes ? read_at(file, content, member->size)
                                                    : std::nullopt;
        }
        at = padded(content + member->size);
    }
}

void require_share_in_guest(const RuntimeConfig& config) {
    if (config.shared_fs != SharedFs::virtio_9p || config.initrd.empty() || !config.image.empty()) {
        return;
    }
    const auto list = archive_member(config.initrd, kList);
    if (list && !lists(*list, "9p")) {
        throw base::Error(base::ErrorCode::unsupported,
                          "cannot share files by virtio-9p: the guest in \"" +
                              config.initrd.native() +
                              "\" has a kernel without 9p; make one with 'make guest "
                              "GUEST_KERNEL_FLAVOUR=amd64', or use shared_fs = \"virtio-fs\"");
    }
}

}  // namespace kata::sandbox
