#include "pkg/oci/state.h"

#include <array>
#include <ctime>
#include <utility>

#include <nlohmann/json.hpp>

namespace kata::oci {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<Status, std::string_view>, 5> kStatusNames{{
    {Status::creating, "creating"},
    {Status::created, "created"},
    {Status::running, "running"},
    {Status::paused, "paused"},
    {Status::stopped, "stopped"},
}};

Json annotations_json(const std::map<std::string, std::string>& annotations) {
    Json object = Json::object();
    for (const auto& [key, value] : annotations) {
        object[key] = value;
    }
    return object;
}

// The keys and their order are runc's.
Json summary_json(const ContainerSummary& summary) {
    Json object;
    object["ociVersion"] = summary.oci_version;
    object["id"] = summary.id;
    object["pid"] = summary.pid;
    object["status"] = to_string(summary.status);
    object["bundle"] = summary.bundle;
    object["rootfs"] = summary.rootfs;
    object["created"] = rfc3339_nano(summary.created);
    if (!summary.annotations.empty()) {
        object["annotations"] = annotations_json(summary.annotations);
    }
    object["owner"] = summary.owner;
    return object;
}

// A path may hold any bytes; what is not UTF-8 is shown as U+FFFD rather than not at all.
std::string dump(const Json& json, int indent) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string_view to_string(Status status) {
    for (const auto& [value, name] : kStatusNames) {
        if (value == status) {
            return name;
        }
    }
    return "unknown";
}

std::optional<Status> status_from_string(std::string_view text) {
    for (const auto& [value, name] : kStatusNames) {
        if (name == text) {
            return value;
        }
    }
    return std::nullopt;
}

bool Lifecycle::allows(Operation operation) const noexcept {
    const bool alive = status_ == Status::created || status_ == Status::running;
    const bool frozen = status_ == Status::paused;
    switch (operation) {
        case Operation::start:
            return status_ == Status::created;
        case Operation::kill:
        case Operation::exec_ignoring_pause:
        case Operation::ps:
        case Operation::update:
        case Operation::events:
            return alive || frozen;
        case Operation::kill_all:
            return alive || frozen || status_ == Status::stopped;
        case Operation::remove:
            return status_ == Status::created || status_ == Status::stopped;
        case Operation::remove_forced:
            return true;
        case Operation::exec:
        case Operation::pause:
            return alive;
        case Operation::resume:
            return frozen;
    }
    return false;
}

void Lifecycle::require(Operation operation) const {
    if (!allows(operation)) {
        throw base::Error(base::ErrorCode::invalid_state, refusal(operation) + advice(operation));
    }
}

std::string Lifecycle::refusal(Operation operation) const {
    const std::string status(to_string(status_));
    const bool stopped = status_ == Status::stopped;
    switch (operation) {
        case Operation::start:
            if (status_ == Status::running) {
                return "cannot start an already running container";
            }
            return stopped ? "cannot start a container that has stopped"
                           : "cannot start a container in the " + status + " state";
        case Operation::exec:
        case Operation::exec_ignoring_pause:
            if (status_ == Status::paused) {
                return "cannot exec in a paused container (use --ignore-paused to override)";
            }
            return stopped ? "cannot exec in a stopped container"
                           : "cannot exec in a container in the " + status + " state";
        case Operation::remove:
            return "cannot delete container " + id_.str() + " that is not stopped: " + status;
        case Operation::resume:
            return "container not paused";
        case Operation::events:
            return "container with id " + id_.str() + " is not running";
        default:
            return "container not running";
    }
}

// Comes after runc's words, which engines look for.
std::string Lifecycle::advice(Operation operation) const {
    const std::string situation = "; \"" + id_.str() + "\" is " + std::string(to_string(status_));
    switch (status_) {
        case Status::creating:
            return situation + ", wait until it is created";
        case Status::paused:
            return situation + ", resume it first";
        case Status::stopped:
            return situation + ", delete it and create it again";
        default:
            return operation == Operation::remove ? situation + ", kill it first or use --force"
                                                  : situation;
    }
}

base::Error container_not_found(const ContainerId& id) {
    return {base::ErrorCode::not_found, "container does not exist: \"" + id.str() + "\""};
}

base::Error container_exists(const ContainerId& id) {
    return {base::ErrorCode::already_exists,
            "container with given ID already exists: \"" + id.str() +
                "\"; choose another ID or delete that container"};
}

std::string to_json(const State& state) {
    Json object;
    object["ociVersion"] = state.oci_version;
    object["id"] = state.id;
    object["status"] = to_string(state.status);
    if (state.pid != 0) {
        object["pid"] = state.pid;
    }
    object["bundle"] = state.bundle;
    if (!state.annotations.empty()) {
        object["annotations"] = annotations_json(state.annotations);
    }
    return dump(object, -1);
}

std::string state_json(const ContainerSummary& summary) {
    return dump(summary_json(summary), 2);
}

std::string list_json(const std::vector<ContainerSummary>& summaries) {
    if (summaries.empty()) {
        return "null\n";
    }
    Json list = Json::array();
    for (const ContainerSummary& summary : summaries) {
        list.push_back(summary_json(summary));
    }
    return dump(list, -1) + "\n";
}

std::string rfc3339_nano(std::chrono::system_clock::time_point time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const std::time_t count = std::chrono::system_clock::to_time_t(seconds);
    std::tm parts{};
    ::gmtime_r(&count, &parts);
    std::array<char, 40> text{};
    std::string result(text.data(),
                       std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts));
    const auto nanoseconds =
        std::chrono::duration_cast<std::chrono::nanoseconds>(time - seconds).count();
    if (nanoseconds != 0) {
        const std::string digits = std::to_string(nanoseconds);
        std::string fraction = std::string(9 - digits.size(), '0') + digits;
        fraction.erase(fraction.find_last_not_of('0') + 1);
        result += "." + fraction;
    }
    return result + "Z";
}

}  // namespace kata::oci
