#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "pkg/base/error.h"
#include "pkg/sandbox/volumes/volume_commands.h"

namespace kata::sandbox {
namespace {

struct Suffix {
    std::string_view text;
    std::uint64_t factor;
};

constexpr std::uint64_t kThousand = 1000;

constexpr std::array<Suffix, 12> kSuffixes{{
    {"Ki", std::uint64_t{1} << 10},
    {"Mi", std::uint64_t{1} << 20},
    {"Gi", std::uint64_t{1} << 30},
    {"Ti", std::uint64_t{1} << 40},
    {"Pi", std::uint64_t{1} << 50},
    {"Ei", std::uint64_t{1} << 60},
    {"", 1},
    {"k", kThousand},
    {"M", kThousand* kThousand},
    {"G", kThousand* kThousand* kThousand},
    {"T", kThousand* kThousand* kThousand* kThousand},
    {"P", kThousand* kThousand* kThousand* kThousand* kThousand},
}};

base::Error bad_size(const std::string& text, const std::string& why) {
    return {base::ErrorCode::invalid_argument,
            "cannot use the size \"" + base::printable(text, 64) + "\": " + why};
}

}  // namespace

std::uint64_t parse_volume_size(const std::string& text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data(), end, number);
    const auto* const suffix =
        std::ranges::find(kSuffixes, std::string_view(rest, end), &Suffix::text);
    if (failure == std::errc::invalid_argument || suffix == kSuffixes.end()) {
        throw bad_size(text,
                       "it must be a whole number of bytes, or one with Ki, Mi, Gi, Ti, Pi, Ei, "
                       "k, M, G, T or P");
    }
    std::uint64_t bytes = 0;
    constexpr std::uint64_t kMax = static_cast<std::uint64_t>(INT64_MAX);
    if (failure != std::errc() || __builtin_mul_overflow(number, suffix->factor, &bytes) ||
        bytes > kMax) {
        throw bad_size(text, "no disk is that large");
    }
    if (bytes == 0) {
        throw bad_size(text, "it must be larger than 0");
    }
    return bytes;
}

}  // namespace kata::sandbox
