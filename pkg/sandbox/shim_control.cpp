#include "pkg/sandbox/shim_control.h"

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

using nlohmann::json;

json to_json(const ShimMountRequest& request) {
    json mounts = json::array();
    for (const ShimMount& mount : request.mounts) {
        mounts.push_back({{"source", mount.source},
                          {"destination", mount.destination},
                          {"type", mount.type},
                          {"readOnly", mount.read_only}});
    }
    return {{"op", "mount"},
            {"rootfs", request.rootfs},
            {"mounts", mounts},
            {"readOnlyRoot", request.read_only_root},
            {"emptyRoot", request.empty_root}};
}

json to_json(const ShimPivotRequest& /*request*/) {
    return {{"op", "pivot"}};
}

json to_json(const ShimRelayRequest& request) {
    return {{"op", "relay"},
            {"containerId", request.container_id},
            {"execId", request.exec_id},
            {"terminal", request.terminal},
            {"memoryCgroup", request.memory_cgroup},
            {"resolver", request.resolver}};
}

ShimMountRequest mount_request_of(const json& message) {
    ShimMountRequest request;
    request.rootfs = message.at("rootfs").get<std::string>();
    request.read_only_root = message.at("readOnlyRoot").get<bool>();
    request.empty_root = message.at("emptyRoot").get<bool>();
    for (const json& mount : message.at("mounts")) {
        request.mounts.push_back({mount.at("source").get<std::string>(),
                                  mount.at("destination").get<std::string>(),
                                  mount.at("type").get<std::string>(),
                                  mount.at("readOnly").get<bool>()});
    }
    return request;
}

ShimRequest request_of(const json& message) {
    const auto operation = message.at("op").get<std::string>();
    if (operation == "mount") {
        return mount_request_of(message);
    }
    if (operation == "pivot") {
        return ShimPivotRequest{};
    }
    if (operation == "relay") {
        return ShimRelayRequest{message.at("containerId").get<std::string>(),
                                message.at("execId").get<std::string>(),
                                message.at("terminal").get<bool>(),
                                message.at("memoryCgroup").get<bool>(),
                                message.value("resolver", false)};
    }
    throw base::Error(base::ErrorCode::invalid_argument,
                      "cannot serve shim request \"" + base::printable(operation) + "\"");
}

}  // namespace

std::string to_json_text(const ShimRequest& request) {
    return std::visit([](const auto& value) { return to_json(value).dump(); }, request);
}

std::string to_json_text(const ShimReply& reply) {
    return json{{"error", reply.error}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

ShimRequest parse_shim_request(const std::string& text) {
    try {
        return request_of(json::parse(text));
    } catch (const json::exception& error) {
        throw base::Error(
            base::ErrorCode::invalid_argument, "cannot parse a shim request", error.what());
    }
}

ShimReply parse_shim_reply(const std::string& text) {
    try {
        return {json::parse(text).at("error").get<std::string>()};
    } catch (const json::exception& error) {
        throw base::Error(
            base::ErrorCode::invalid_argument, "cannot parse a shim reply", error.what());
    }
}

}  // namespace kata::sandbox
