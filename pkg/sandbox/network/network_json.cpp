#include "pkg/sandbox/network/network_json.h"

#include <nlohmann/json.hpp>

namespace kata::sandbox {
namespace {

using nlohmann::json;

json to_json(const GuestInterface& interface) {
    return {{"name", interface.name},
            {"mac", interface.mac},
            {"mtu", interface.mtu},
            {"addresses", interface.addresses},
            {"noArp", interface.no_arp}};
}

json to_json(const NetworkEndpoint& endpoint) {
    return {{"link", endpoint.link},
            {"interface", endpoint.interface},
            {"tap", endpoint.tap},
            {"model", to_string(endpoint.model)},
            {"guest", to_json(endpoint.guest)},
            {"byHand", endpoint.by_hand}};
}

json to_json(const GuestRoute& route) {
    return {{"destination", route.destination},
            {"gateway", route.gateway},
            {"device", route.device},
            {"source", route.source},
            {"scope", route.scope},
            {"family", route.family},
            {"metric", route.metric},
            {"onLink", route.on_link}};
}

GuestInterface interface_of(const json& document) {
    return {.name = document.value("name", ""),
            .mac = document.value("mac", ""),
            .mtu = document.value("mtu", 0U),
            .addresses = document.value("addresses", std::vector<std::string>{}),
            .no_arp = document.value("noArp", false)};
}

InternetworkingModel model_of(const std::string& name) {
    return name == "macvtap" ? InternetworkingModel::macvtap : InternetworkingModel::tcfilter;
}

NetworkEndpoint endpoint_of(const json& document) {
    return {.link = document.value("link", 0),
            .interface = document.value("interface", ""),
            .tap = document.value("tap", ""),
            .model = model_of(document.value("model", "")),
            .guest = interface_of(document.value("guest", json::object())),
            .by_hand = document.value("byHand", false)};
}

GuestRoute route_of(const json& document) {
    return {.destination = document.value("destination", ""),
            .gateway = document.value("gateway", ""),
            .device = document.value("device", ""),
            .source = document.value("source", ""),
            .scope = document.value("scope", 0U),
            .family = document.value("family", 4U),
            .metric = document.value("metric", 0U),
            .on_link = document.value("onLink", false)};
}

}  // namespace

json to_json(const NetworkRecord& record) {
    json endpoints = json::array();
    for (const NetworkEndpoint& endpoint : record.endpoints) {
        endpoints.push_back(to_json(endpoint));
    }
    json routes = json::array();
    for (const GuestRoute& route : record.routes) {
        routes.push_back(to_json(route));
    }
    return {{"endpoints", endpoints},
            {"routes", routes},
            {"leftOut", record.left_out},
            {"routesByHand", record.routes_by_hand},
            {"nextTap", record.next_tap}};
}

NetworkRecord network_record_of(const json& document) {
    NetworkRecord record;
    for (const json& endpoint : document.value("endpoints", json::array())) {
        record.endpoints.push_back(endpoint_of(endpoint));
    }
    for (const json& route : document.value("routes", json::array())) {
        record.routes.push_back(route_of(route));
    }
    record.left_out = document.value("leftOut", std::vector<int>{});
    record.routes_by_hand = document.value("routesByHand", false);
    record.next_tap = document.value("nextTap", 0U);
    return record;
}

const char* to_string(InternetworkingModel model) {
    switch (model) {
        case InternetworkingModel::tcfilter:
            return "tcfilter";
        case InternetworkingModel::macvtap:
            return "macvtap";
        case InternetworkingModel::none:
            return "none";
    }
    return "";
}

}  // namespace kata::sandbox
