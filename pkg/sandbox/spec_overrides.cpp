#include "pkg/sandbox/spec_overrides.h"

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"
#include "pkg/oci/spec_json.h"
#include "pkg/sandbox/config/key.h"
#include "pkg/sandbox/config/value.h"

namespace kata::sandbox {
namespace {

using nlohmann::json;

constexpr const char* kSwappiness = "io.katacontainers.container.resource.swappiness";
constexpr const char* kSwap = "io.katacontainers.container.resource.swap_in_bytes";
constexpr std::size_t kLongestShown = 256;

base::Error refusal(const std::string& annotation, const std::string& complaint) {
    return {base::ErrorCode::invalid_argument, "annotation \"" + annotation + "\" " + complaint};
}

std::optional<std::int64_t> number_in(const oci::Spec& spec, const std::string& annotation) {
    const auto found = spec.annotations.find(annotation);
    if (found == spec.annotations.end()) {
        return std::nullopt;
    }
    const ConfigKey& key = *find_annotation(annotation);
    const auto value = parse_annotation_value(key, found->second);
    if (!value) {
        throw refusal(annotation,
                      "must be " + allowed_values(key) + " and is \"" +
                          base::printable(found->second, kLongestShown) + "\"");
    }
    return std::get<std::int64_t>(*value);
}

// crun says the same of memory.swap, whose name the user has not written.
void require_room_for_swap(const oci::Spec& spec, std::int64_t swap) {
    const auto limit = spec.linux_ ? spec.linux_->resources.memory.limit : std::nullopt;
    if (limit.value_or(0) <= 0) {
        throw refusal(kSwap, "needs a limit of the container's memory: it counts both together");
    }
    if (swap < *limit) {
        throw refusal(kSwap,
                      "counts memory and swap together: it must not be less than the limit of "
                      "memory, " +
                          std::to_string(*limit));
    }
}

json& object_at(json& parent, const char* name) {
    json& object = parent[name];
    if (!object.is_object()) {
        object = json::object();
    }
    return object;
}

json& memory_of(json& document) {
    return object_at(object_at(object_at(document, "linux"), "resources"), "memory");
}

}  // namespace

oci::Spec with_overrides(const oci::Spec& spec, const RuntimeConfig& config) {
    json document = spec.document;
    if (const auto swappiness = number_in(spec, kSwappiness)) {
        memory_of(document)["swappiness"] = *swappiness;
    }
    if (const auto swap = number_in(spec, kSwap); swap.value_or(0) > 0) {
        require_room_for_swap(spec, *swap);
        memory_of(document)["swap"] = *swap;
    }
    if (config.disable_guest_seccomp && document.contains("linux")) {
        document["linux"].erase("seccomp");
    }
    return document == spec.document ? spec : oci::parse_spec(document.dump(), "config.json");
}

}  // namespace kata::sandbox
