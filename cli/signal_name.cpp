#include "cli/signal_name.h"

#include <signal.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

#include "pkg/base/error.h"

namespace kata::cli {
namespace {

// The kernel's range. The C library's SIGRTMIN is higher because it keeps two for itself, but a
// signal's number in the guest has nothing to do with this process's C library.
constexpr int kLastSignal = 64;

struct Alias {
    std::string_view name;
    int number;
};
constexpr std::array<Alias, 5> kAliases = {{{"IOT", SIGABRT},
                                            {"CLD", SIGCHLD},
                                            {"POLL", SIGIO},
                                            {"UNUSED", SIGSYS},
                                            {"STKFLT", SIGSTKFLT}}};

std::optional<int> number_in_range(std::string_view text, int from, int to) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && value >= from && value <= to ? std::optional(value) : std::nullopt;
}

std::optional<int> real_time_signal(std::string_view name) {
    const bool from_below = name.starts_with("RTMIN");
    if (!from_below && !name.starts_with("RTMAX")) {
        return std::nullopt;
    }
    const int base = from_below ? SIGRTMIN : SIGRTMAX;
    const std::string_view offset = name.substr(5);
    if (offset.empty()) {
        return base;
    }
    if (offset.size() < 2 || offset.front() != (from_below ? '+' : '-')) {
        return std::nullopt;
    }
    const auto distance = number_in_range(offset.substr(1), 0, SIGRTMAX - SIGRTMIN);
    return distance ? std::optional(from_below ? base + *distance : base - *distance)
                    : std::nullopt;
}

std::optional<int> named_signal(std::string_view name) {
    for (const Alias& alias : kAliases) {
        if (alias.name == name) {
            return alias.number;
        }
    }
    for (int number = 1; number < SIGRTMIN; ++number) {
        const char* known = ::sigabbrev_np(number);
        if (known != nullptr && name == known) {
            return number;
        }
    }
    return real_time_signal(name);
}

}  // namespace

int parse_signal(std::string_view text) {
    std::string name(text);
    std::ranges::transform(
        name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    auto number = number_in_range(name, 1, kLastSignal);
    if (!number) {
        number = named_signal(std::string_view(name).substr(name.starts_with("SIG") ? 3 : 0));
    }
    if (!number) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "unknown signal \"" + base::printable(text, 64) +
                              "\"; use a number from 1 to 64 or a name such as TERM or RTMIN+1");
    }
    return *number;
}

}  // namespace kata::cli
