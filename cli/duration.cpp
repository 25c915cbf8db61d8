#include "cli/duration.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "pkg/base/error.h"

namespace kata::cli {
namespace {

struct Unit {
    std::string_view name;
    double milliseconds;
};

// Longer names first: "ms" is not minutes.
constexpr std::array<Unit, 7> kUnits{
    {{"ns", 1e-6}, {"us", 1e-3}, {"µs", 1e-3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}}};
constexpr double kMost = 1e12;  // some thirty years

// Takes one "number unit" off the front. @return milliseconds; negative: there is none.
double take_part(std::string_view& text) {
    double number = -1;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc()) {
        return -1;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    for (const Unit& unit : kUnits) {
        if (text.starts_with(unit.name)) {
            text.remove_prefix(unit.name.size());
            return number * unit.milliseconds;
        }
    }
    return -1;
}

}  // namespace

std::chrono::milliseconds parse_duration(const std::string& text) {
    std::string_view rest = text;
    double sum = 0;
    bool valid = !rest.empty();
    while (valid && !rest.empty()) {
        const double part = take_part(rest);
        valid = part >= 0;
        sum += part;
    }
    if (!valid || sum <= 0 || sum > kMost) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "\"" + base::printable(text, 64) +
                              "\" is no interval; use for example 5s, 1m30s or 500ms");
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(sum)));
}

}  // namespace kata::cli
