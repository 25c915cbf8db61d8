#include "cli/update_resources.h"

#include <cctype>
#include <charconv>
#include <string_view>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"

namespace kata::cli {
namespace {

using nlohmann::json;

constexpr std::string_view kUnits = "bkmgtp";
constexpr double kMostBytes = 9.0e18;

base::Error not_a_number(const std::string& text) {
    return {base::ErrorCode::invalid_argument, "\"" + base::printable(text, 64) + "\""};
}

std::int64_t parse_number(const std::string& text) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end || number < -1) {
        throw not_a_number(text);
    }
    return number;
}

// "", "m", "mb", "MiB". @return the factor; 0: no unit.
double factor_of(std::string_view unit) {
    if (unit.empty()) {
        return 1;
    }
    const auto power =
        kUnits.find(static_cast<char>(std::tolower(static_cast<unsigned char>(unit.front()))));
    unit.remove_prefix(1);
    const bool complete =
        unit.empty() || unit == "b" || unit == "B" || unit == "ib" || unit == "iB";
    if (power == std::string_view::npos || !complete) {
        return 0;
    }
    double factor = 1;
    for (std::size_t i = 0; i < power; ++i) {
        factor *= 1024;
    }
    return factor;
}

template <typename Parse>
void put(json& section, const char* key, const char* flag, const std::string& text, Parse parse) {
    if (text.empty()) {
        return;
    }
    try {
        section[key] = parse(text);
    } catch (const base::Error& error) {
        throw error.with_context(std::string("invalid value for ") + flag);
    }
}

void put_text(json& section, const char* key, const std::string& text) {
    if (!text.empty()) {
        section[key] = text;
    }
}

}  // namespace

std::int64_t parse_bytes(const std::string& text) {
    if (text == "-1") {
        return -1;
    }
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
    const double bytes = number * factor_of(unit);
    if (parsed.ec != std::errc() || number < 0 || factor_of(unit) == 0 || bytes > kMostBytes) {
        throw not_a_number(text);
    }
    return static_cast<std::int64_t>(bytes);
}

std::string update_resources_json(const UpdateFlags& flags) {
    json cpu = json::object();
    put(cpu, "period", "cpu-period", flags.cpu_period, parse_number);
    put(cpu, "quota", "cpu-quota", flags.cpu_quota, parse_number);
    put(cpu, "burst", "cpu-burst", flags.cpu_burst, parse_number);
    put(cpu, "shares", "cpu-share", flags.cpu_shares, parse_number);
    put(cpu, "idle", "cpu-idle", flags.cpu_idle, parse_number);
    put_text(cpu, "cpus", flags.cpuset_cpus);
    put_text(cpu, "mems", flags.cpuset_mems);
    json memory = json::object();
    put(memory, "limit", "memory", flags.memory, parse_bytes);
    put(memory, "reservation", "memory-reservation", flags.memory_reservation, parse_bytes);
    put(memory, "swap", "memory-swap", flags.memory_swap, parse_bytes);
    json pids = json::object();
    put(pids, "limit", "pids-limit", flags.pids_limit, parse_number);
    return json{{"cpu", cpu}, {"memory", memory}, {"pids", pids}}.dump();
}

}  // namespace kata::cli
