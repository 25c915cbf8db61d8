#include "pkg/agent/guest/guest_hooks.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

using nlohmann::json;

constexpr std::array kStages = {"prestart", "poststart", "poststop"};
constexpr const char* kSearchPath = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";

bool is_program(const std::filesystem::path& path) {
    std::error_code unreadable;
    return std::filesystem::is_regular_file(path, unreadable) && ::access(path.c_str(), X_OK) == 0;
}

std::vector<std::string> programs_in(const std::filesystem::path& directory) {
    std::vector<std::string> programs;
    std::error_code failure;
    std::filesystem::directory_iterator entry(directory, failure);
    for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
        if (is_program(entry->path())) {
            programs.push_back(entry->path());
        }
    }
    if (failure) {
        log_error("cannot look for hooks in " + directory.native() + ": " + failure.message());
    }
    std::ranges::sort(programs);
    return programs;
}

json hook_of(const std::string& program) {
    return {{"path", program}, {"args", {program}}, {"env", {kSearchPath}}};
}

}  // namespace

void GuestHooks::scan(const std::filesystem::path& path) {
    std::vector<Stage> stages;
    for (const char* name : kStages) {
        const auto directory = path / name;
        std::error_code unreadable;
        // Of an unreadable one the listing says why.
        if (std::filesystem::status(directory, unreadable).type() !=
            std::filesystem::file_type::not_found) {
            stages.push_back({name, programs_in(directory)});
        }
    }
    if (stages.empty()) {
        log_error("no hooks: " + path.native() + " has no prestart, poststart or poststop");
    }
    const std::lock_guard lock(mutex_);
    stages_ = std::move(stages);
}

std::string GuestHooks::added_to(const std::string& spec_json) const {
    const std::lock_guard lock(mutex_);
    if (stages_.empty()) {
        return spec_json;
    }
    json spec = json::parse(spec_json, nullptr, false);
    if (!spec.is_object()) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot add hooks to the container's specification: not a JSON object");
    }
    json& hooks = spec["hooks"];
    if (!hooks.is_object()) {
        hooks = json::object();
    }
    for (const Stage& stage : stages_) {
        json& list = hooks[stage.name];
        if (!list.is_array()) {
            list = json::array();
        }
        for (const std::string& program : stage.programs) {
            list.push_back(hook_of(program));
        }
    }
    return spec.dump();
}

}  // namespace kata::agent::guest
