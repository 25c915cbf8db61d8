#include "cli/network_json.h"

#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"

namespace kata::cli {
namespace {

using Json = nlohmann::ordered_json;
using base::Error;
using base::ErrorCode;

Error bad_document(const std::string& what) {
    return {ErrorCode::invalid_argument, "cannot use the network document: " + what};
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char byte) {
        return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
    });
    return text;
}

Json parse(const std::string& text) {
    Json document = Json::parse(text, nullptr, false);
    if (document.is_discarded()) {
        throw bad_document("it is no JSON");
    }
    return document;
}

const Json* find(const Json& object, const std::string& name) {
    if (!object.is_object()) {
        throw bad_document("\"" + name + "\" is looked for in what is no object");
    }
    for (const auto& [key, value] : object.items()) {
        if (lower(key) == lower(name)) {
            return value.is_null() ? nullptr : &value;
        }
    }
    return nullptr;
}

std::string text_of(const Json& object, const std::string& name) {
    const Json* found = find(object, name);
    if (found == nullptr) {
        return "";
    }
    if (!found->is_string()) {
        throw bad_document("\"" + name + "\" must be a string");
    }
    return found->get<std::string>();
}

unsigned number_of(const Json& object, const std::string& name) {
    const Json* found = find(object, name);
    if (found == nullptr) {
        return 0;
    }
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() > 0xffffffffU) {
        throw bad_document("\"" + name + "\" must be a whole number that is not negative");
    }
    return found->get<unsigned>();
}

std::string address_of(const Json& entry) {
    const std::string address = text_of(entry, "Address");
    const std::string mask = text_of(entry, "Mask");
    if (address.empty()) {
        throw bad_document("an entry of \"IPAddresses\" has no \"Address\"");
    }
    return mask.empty() ? address : address + "/" + mask;
}

std::vector<std::string> addresses_of(const Json& document) {
    const Json* entries = find(document, "IPAddresses");
    if (entries == nullptr) {
        return {};
    }
    if (!entries->is_array()) {
        throw bad_document("\"IPAddresses\" must be an array");
    }
    std::vector<std::string> addresses;
    addresses.reserve(entries->size());
    for (const Json& entry : *entries) {
        addresses.push_back(address_of(entry));
    }
    return addresses;
}

bool is_ipv6(const std::string& text) {
    return text.find(':') != std::string::npos;
}

sandbox::GuestRoute route_of(const Json& document) {
    sandbox::GuestRoute route;
    route.destination = text_of(document, "Dest");
    route.destination = route.destination == "default" ? "" : route.destination;
    route.gateway = text_of(document, "Gateway");
    route.device = text_of(document, "Device");
    route.source = text_of(document, "Source");
    route.scope = number_of(document, "Scope");
    const bool six = is_ipv6(route.destination) || is_ipv6(route.gateway) || is_ipv6(route.source);
    route.family = six ? 6 : 4;
    return route;
}

Json address_json(const std::string& text) {
    const auto slash = text.find('/');
    return {{"Family", is_ipv6(text) ? AF_INET6 : AF_INET},
            {"Address", text.substr(0, slash)},
            {"Mask", slash == std::string::npos ? "" : text.substr(slash + 1)}};
}

Json document_of(const sandbox::GuestInterface& interface) {
    Json addresses = Json::array();
    for (const std::string& address : interface.addresses) {
        addresses.push_back(address_json(address));
    }
    return {{"Device", interface.name},
            {"Name", interface.name},
            {"IPAddresses", addresses},
            {"Mtu", interface.mtu},
            {"RawFlags", interface.no_arp ? static_cast<unsigned>(IFF_NOARP) : 0U},
            {"HwAddr", interface.mac},
            {"PciPath", ""},
            {"LinkType", ""}};
}

// What the guest says may hold anything.
std::string line_of(const Json& document) {
    return document.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace

InterfaceRequest parse_interface(const std::string& text) {
    const Json document = parse(text);
    InterfaceRequest request;
    request.device = text_of(document, "Device");
    const std::string name = text_of(document, "Name");
    if (request.device.empty() && name.empty()) {
        throw bad_document("it has neither \"Device\" nor \"Name\"");
    }
    request.interface.name = name.empty() ? request.device : name;
    request.device = request.device.empty() ? name : request.device;
    request.interface.mac = lower(text_of(document, "HwAddr"));
    request.interface.mtu = number_of(document, "Mtu");
    request.interface.no_arp =
        (number_of(document, "RawFlags") & static_cast<unsigned>(IFF_NOARP)) != 0;
    request.interface.addresses = addresses_of(document);
    return request;
}

std::vector<sandbox::GuestRoute> parse_routes(const std::string& text) {
    const Json document = parse(text);
    if (!document.is_array()) {
        throw bad_document("the routes must be an array");
    }
    std::vector<sandbox::GuestRoute> routes;
    routes.reserve(document.size());
    for (const Json& route : document) {
        routes.push_back(route_of(route));
    }
    return routes;
}

std::string interface_json(const sandbox::GuestInterface& interface) {
    return line_of(document_of(interface));
}

std::string interfaces_json(const std::vector<sandbox::GuestInterface>& interfaces) {
    Json documents = Json::array();
    for (const sandbox::GuestInterface& interface : interfaces) {
        documents.push_back(document_of(interface));
    }
    return line_of(documents);
}

std::string routes_json(const std::vector<sandbox::GuestRoute>& routes) {
    Json documents = Json::array();
    for (const sandbox::GuestRoute& route : routes) {
        documents.push_back({{"Dest", route.destination},
                             {"Gateway", route.gateway},
                             {"Device", route.device},
                             {"Source", route.source},
                             {"Scope", route.scope}});
    }
    return line_of(documents);
}

}  // namespace kata::cli
