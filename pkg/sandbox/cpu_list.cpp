#include "pkg/sandbox/cpu_list.h"

#include <charconv>
#include <set>

namespace kata::sandbox {
namespace {

constexpr unsigned kMostNumber = 4095;

bool take_number(std::string_view& text, unsigned& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc() && number <= kMostNumber;
}

// "3" or "0-3"
bool add_range(std::string_view range, std::set<unsigned>& numbers) {
    unsigned first = 0;
    if (!take_number(range, first)) {
        return false;
    }
    unsigned last = first;
    if (!range.empty()) {
        if (range.front() != '-') {
            return false;
        }
        range.remove_prefix(1);
        if (!take_number(range, last) || !range.empty() || last < first) {
            return false;
        }
    }
    for (unsigned number = first; number <= last; ++number) {
        numbers.insert(number);
    }
    return true;
}

}  // namespace

std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text) {
    std::string list(text);
    std::erase_if(list, [](char c) { return c == ' ' || c == '\n'; });
    std::set<unsigned> numbers;
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t end = std::min(list.find(',', at), list.size());
        if (!add_range(std::string_view(list).substr(at, end - at), numbers)) {
            return std::nullopt;
        }
        at = end + 1;
    }
    return std::vector<unsigned>(numbers.begin(), numbers.end());
}

}  // namespace kata::sandbox
