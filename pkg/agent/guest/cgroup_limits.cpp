#include "pkg/agent/guest/cgroup_limits.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

constexpr std::int64_t kDefaultPeriod = 100000;  // microseconds, the kernel's own

json part(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_object() ? *found : json::object();
}

std::optional<std::int64_t> number(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number_integer()) {
        return std::nullopt;
    }
    return found->get<std::int64_t>();
}

// nullopt for absent and for 0.
std::optional<std::int64_t> change(const json& object, const char* name) {
    const auto value = number(object, name);
    return value && *value != 0 ? value : std::nullopt;
}

std::string limit_text(std::int64_t limit) {
    return limit < 0 ? "max" : std::to_string(limit);
}

// v1's 2..262144 to v2's 1..10000, as every runtime converts it.
std::int64_t weight_of(std::int64_t shares) {
    const std::int64_t clipped = std::clamp<std::int64_t>(shares, 2, 262144);
    return 1 + (clipped - 2) * 9999 / 262142;
}

void add_cpu(const json& cpu, std::vector<CgroupSetting>& settings) {
    if (const auto idle = number(cpu, "idle")) {
        settings.push_back({"cpu.idle", std::to_string(*idle), true});
    }
    if (const auto shares = change(cpu, "shares")) {
        settings.push_back({"cpu.weight", std::to_string(weight_of(*shares)), false});
    }
    const auto quota = change(cpu, "quota");
    const auto period = change(cpu, "period");
    if (quota || period) {
        settings.push_back(
            {"cpu.max",
             limit_text(quota.value_or(-1)) + " " + std::to_string(period.value_or(kDefaultPeriod)),
             false});
    }
    if (const auto burst = number(cpu, "burst")) {
        settings.push_back({"cpu.max.burst", std::to_string(*burst), true});
    }
}

void add_memory(const json& memory, std::vector<CgroupSetting>& settings) {
    const auto limit = change(memory, "limit");
    const auto swap = change(memory, "swap");
    if (swap && (*swap < 0 || (limit && *limit > 0))) {
        const std::int64_t swap_only = *swap < 0 ? -1 : std::max<std::int64_t>(*swap - *limit, 0);
        settings.push_back({"memory.swap.max", limit_text(swap_only), true});
    }
    if (limit) {
        settings.push_back({"memory.max", limit_text(*limit), false});
    }
    if (const auto reservation = change(memory, "reservation")) {
        settings.push_back({"memory.low", limit_text(*reservation), false});
    }
}

void add_unified(const json& unified, std::vector<CgroupSetting>& settings) {
    for (const auto& [file, value] : unified.items()) {
        if (file.find('/') != std::string::npos || file.find('.') == std::string::npos ||
            !value.is_string()) {
            throw Error(ErrorCode::invalid_argument,
                        "cannot set \"" + base::printable(file, 100) + "\" of a cgroup");
        }
        settings.push_back({file, value.get<std::string>(), false});
    }
}

}  // namespace

std::vector<CgroupSetting> cgroup_settings(const std::string& resources_json) {
    const json resources = json::parse(resources_json, nullptr, false);
    if (!resources.is_object()) {
        throw Error(ErrorCode::invalid_argument, "cannot read the resources: not a JSON object");
    }
    std::vector<CgroupSetting> settings;
    add_cpu(part(resources, "cpu"), settings);
    add_memory(part(resources, "memory"), settings);
    if (const auto pids = change(part(resources, "pids"), "limit")) {
        settings.push_back({"pids.max", limit_text(*pids), false});
    }
    add_unified(part(resources, "unified"), settings);
    return settings;
}

void apply_settings(const Cgroup& cgroup, const std::vector<CgroupSetting>& settings) {
    if (!cgroup.known()) {
        throw Error(ErrorCode::invalid_state, "container not running");
    }
    for (const CgroupSetting& setting : settings) {
        try {
            base::write_existing_file(cgroup.directory() / setting.file, setting.value);
        } catch (const Error& error) {
            if (!setting.optional || error.code() != ErrorCode::not_found) {
                throw error.with_context("cannot limit the container to \"" +
                                         base::printable(setting.value, 100) + "\"");
            }
        }
    }
}

}  // namespace kata::agent::guest
