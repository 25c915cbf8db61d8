#include "pkg/sandbox/resources.h"

#include <array>
#include <string>

namespace kata::sandbox {
namespace {

using nlohmann::json;

struct Value {
    const char* section;
    const char* name;
    bool zero_counts = false;
    const char* partner = nullptr;  // what it means nothing without
    bool in_guest = true;
};

constexpr std::array kValues{Value{"cpu", "shares"},
                             Value{"cpu", "quota", false, "period"},
                             Value{"cpu", "period", false, "quota"},
                             Value{"cpu", "burst", true},
                             Value{"cpu", "idle", true},
                             Value{"cpu", "cpus", false, nullptr, false},
                             Value{"cpu", "mems", false, nullptr, false},
                             Value{"memory", "limit", false, "swap"},
                             Value{"memory", "swap", false, "limit"},
                             Value{"memory", "reservation"},
                             Value{"pids", "limit"}};

const json* find(const json& resources, const char* section, const char* name) {
    const auto part = resources.find(section);
    if (part == resources.end() || !part->is_object()) {
        return nullptr;
    }
    const auto value = part->find(name);
    return value == part->end() || value->is_null() ? nullptr : &*value;
}

bool is_zero(const json& value) {
    return value.is_string() ? value.get_ref<const std::string&>().empty() : value == 0;
}

const json* change_of(const json& change, const Value& value) {
    const json* const found = find(change, value.section, value.name);
    return found != nullptr && (value.zero_counts || !is_zero(*found)) ? found : nullptr;
}

json& section_of(json& resources, const char* name) {
    json& section = resources[name];
    if (!section.is_object()) {
        section = json::object();
    }
    return section;
}

void copy(const json& from, json& to, const char* section, const char* name) {
    if (const json* const value = find(from, section, name); value != nullptr) {
        section_of(to, section)[name] = *value;
    }
}

bool has_unified(const json& change) {
    const auto unified = change.find("unified");
    return unified != change.end() && unified->is_object() && !unified->empty();
}

}  // namespace

json merged_resources(json stored, const json& change) {
    if (!stored.is_object()) {
        stored = json::object();
    }
    for (const Value& value : kValues) {
        if (const json* const found = change_of(change, value); found != nullptr) {
            section_of(stored, value.section)[value.name] = *found;
        }
    }
    if (has_unified(change)) {
        section_of(stored, "unified").update(change["unified"]);
    }
    return stored;
}

json guest_resources(const json& merged, const json& change) {
    json resources = json::object();
    for (const Value& value : kValues) {
        if (!value.in_guest || change_of(change, value) == nullptr) {
            continue;
        }
        copy(merged, resources, value.section, value.name);
        if (value.partner != nullptr) {
            copy(merged, resources, value.section, value.partner);
        }
    }
    if (has_unified(change)) {
        resources["unified"] = change["unified"];
    }
    return resources;
}

}  // namespace kata::sandbox
