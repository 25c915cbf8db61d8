#include "pkg/agent/guest/namespaces.h"

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

using nlohmann::json;

constexpr std::string_view kMemberPrefix = "container:";

// The file in /proc/<pid>/ns for a type of the specification.
const char* file_of(const std::string& type) {
    for (const char* shared : {"ipc", "uts", "pid"}) {
        if (type == shared) {
            return shared;
        }
    }
    throw base::Error(
        base::ErrorCode::invalid_argument,
        "containers cannot share a namespace of type \"" + base::printable(type, 64) + "\"");
}

void resolve(json& name_space, const std::function<pid_t(const std::string& id)>& init_of) {
    const auto path = name_space.value("path", "");
    if (path.starts_with(kMemberPrefix)) {
        const std::string file = file_of(name_space.value("type", ""));
        const pid_t init = init_of(path.substr(kMemberPrefix.size()));
        name_space["path"] = "/proc/" + std::to_string(init) + "/ns/" + file;
    }
}

}  // namespace

std::string with_member_namespaces(const std::string& spec_json,
                                   const std::function<pid_t(const std::string& id)>& init_of) {
    // Most containers share nothing, and a specification is long to parse under emulation.
    if (spec_json.find("\"" + std::string(kMemberPrefix)) == std::string::npos) {
        return spec_json;
    }
    try {
        json spec = json::parse(spec_json);
        for (json& name_space : spec.at("linux").at("namespaces")) {
            resolve(name_space, init_of);
        }
        return spec.dump();
    } catch (const json::exception& error) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot read the container's namespaces",
                          error.what());
    }
}

}  // namespace kata::agent::guest
