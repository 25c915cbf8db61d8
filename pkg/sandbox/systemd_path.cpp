#include "pkg/sandbox/systemd_path.h"

#include <algorithm>
#include <string_view>

namespace kata::sandbox {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::string_view kScope = ".scope";
constexpr std::string_view kSlice = ".slice";

bool may_be_in_a_name(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') ||
           std::string_view(":_.-\\").find(byte) != std::string_view::npos;
}

bool is_unit_name(std::string_view name, std::string_view suffix) {
    return name.size() > suffix.size() && name.size() <= kMaxName && name.ends_with(suffix) &&
           std::ranges::all_of(name, may_be_in_a_name);
}

}  // namespace

std::optional<ScopeUnit> parse_systemd_path(const std::string& cgroups_path) {
    const auto first = cgroups_path.find(':');
    const auto last = cgroups_path.rfind(':');
    if (std::ranges::count(cgroups_path, ':') != 2 || last + 1 == cgroups_path.size() ||
        cgroups_path.front() == '/') {
        return std::nullopt;
    }
    const std::string slice = cgroups_path.substr(0, first);
    const std::string prefix = cgroups_path.substr(first + 1, last - first - 1);
    const std::string name = cgroups_path.substr(last + 1);
    const std::string whole = prefix.empty() ? name : prefix + "-" + name;
    const bool own_slice = whole.size() > kSlice.size() && whole.ends_with(kSlice);
    return ScopeUnit{own_slice ? whole : whole + std::string(kScope),
                     slice.empty() ? "system.slice" : slice};
}

// "a-b.slice" lies in "a.slice", as systemd nests them; "-.slice" is the top.
std::string cgroup_of(const ScopeUnit& unit) {
    if (unit.slice == "-.slice") {
        return "/" + unit.name;
    }
    std::string path;
    const std::string name = unit.slice.substr(0, unit.slice.rfind(kSlice));
    for (std::size_t dash = name.find('-'); dash != std::string::npos;
         dash = name.find('-', dash + 1)) {
        path += "/" + name.substr(0, dash) + std::string(kSlice);
    }
    return path + "/" + unit.slice + "/" + unit.name;
}

bool is_scope_name(const std::string& name) {
    return is_unit_name(name, kScope);
}

// Each dash is a level, and no level is without a name.
bool is_slice_name(const std::string& name) {
    return name == "-.slice" ||
           (is_unit_name(name, kSlice) && !name.starts_with('-') && !name.ends_with("-.slice") &&
            name.find("--") == std::string::npos);
}

std::string scope_name(const std::string& prefix, const std::string& id) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string name = prefix;
    for (const char byte : id) {
        if (may_be_in_a_name(byte)) {
            name += byte;
            continue;
        }
        const auto value = static_cast<unsigned char>(byte);
        name += "\\x";
        name += kDigits[value >> 4U];
        name += kDigits[value & 0xfU];
    }
    return name + std::string(kScope);
}

}  // namespace kata::sandbox
