#include "pkg/sandbox/volumes/volume_path.h"

#include <cstdint>

#include <climits>

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Three bytes make four digits.
constexpr std::size_t kMaxPath = NAME_MAX / 4 * 3;
constexpr std::size_t kShownBytes = 80;

std::string encode(std::string_view bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::string_view group = bytes.substr(i, 3);
        std::uint32_t bits = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            bits = bits << 8 | (j < group.size() ? static_cast<unsigned char>(group[j]) : 0U);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            text += j <= group.size() ? kDigits[bits >> (18 - 6 * j) & 0x3f] : '=';
        }
    }
    return text;
}

// Whatever the digits and their number: only what encode() makes of the result counts as valid.
std::string decode_loosely(std::string_view text) {
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char digit : text) {
        bits = bits << 6 | static_cast<std::uint32_t>(kDigits.find(digit) & 0x3f);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>(bits >> count & 0xff);
        }
    }
    return bytes;
}

bool has_control_character(std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            return true;
        }
    }
    return false;
}

bool climbs(std::string_view path) {
    while (!path.empty()) {
        const std::size_t end = path.find('/');
        if (path.substr(0, end) == "..") {
            return true;
        }
        path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
    }
    return false;
}

std::optional<std::string> flaw_of_volume_path(std::string_view path) {
    auto flaw = flaw_of_path(path);
    if (!flaw && path.size() > kMaxPath) {
        flaw = "is longer than " + std::to_string(kMaxPath) + " bytes";
    }
    return flaw;
}

}  // namespace

std::optional<std::string> flaw_of_path(std::string_view path) {
    if (path.empty()) {
        return "is empty";
    }
    if (has_control_character(path)) {
        return "has control characters";
    }
    if (path.front() != '/') {
        return "is not absolute";
    }
    if (climbs(path)) {
        return "has a \"..\" in it";
    }
    if (path.size() >= PATH_MAX) {
        return "is longer than a path can be";
    }
    return std::nullopt;
}

bool can_be_volume_path(std::string_view path) {
    return !flaw_of_volume_path(path);
}

void require_volume_path(std::string_view path) {
    if (const auto flaw = flaw_of_volume_path(path)) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot use the volume path \"" + base::printable(path, kShownBytes) +
                        "\": it " + *flaw);
    }
}

std::string encoded_volume_path(std::string_view path) {
    return encode(path);
}

std::optional<std::string> volume_path_of(std::string_view key) {
    std::string path = decode_loosely(key.substr(0, key.find('=')));
    if (path.empty() || encode(path) != key) {
        return std::nullopt;
    }
    return path;
}

}  // namespace kata::sandbox
