#include "pkg/sandbox/network/connection.h"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/netlink/links.h"
#include "pkg/base/netlink/network_namespace.h"
#include "pkg/base/netlink/rate_limit.h"
#include "pkg/base/netlink/socket.h"
#include "pkg/base/netlink/traffic.h"
#include "pkg/sandbox/network/interface_kind.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;
using netlink::Link;
using netlink::Socket;

// Of the monolithic daemon and of the one for QEMU alone.
constexpr std::array kDaemonPidFiles{"/run/libvirtd.pid", "/run/virtqemud.pid"};

base::UniqueFd own_namespace() {
    return base::open_file("/proc/self/ns/net", O_RDONLY);
}

Link require_link(Socket& socket, const std::string& name, const char* where) {
    auto link = netlink::find_link(socket, name);
    if (!link) {
        throw Error(ErrorCode::not_found,
                    "cannot find interface \"" + base::printable(name, 32) + "\" in " + where);
    }
    return std::move(*link);
}

std::string link_name(Socket& socket, int index) {
    for (const Link& link : netlink::list_links(socket)) {
        if (link.index == index) {
            return link.name;
        }
    }
    return "";
}

// What join_tap() has made at the container's interface.
void remove_traffic(Socket& socket, int link) {
    netlink::remove_ingress(socket, link);
    netlink::remove_limit(socket, link);
}

void require_free_link(Socket& socket, const Link& link) {
    const netlink::Ingress ingress = netlink::ingress_of(socket, link.index);
    if (!ingress.qdisc) {
        return;
    }
    const std::string name = "\"" + base::printable(link.name, 32) + "\"";
    if (!ingress.redirected) {
        throw Error(ErrorCode::invalid_state,
                    "cannot connect the VM to interface " + name +
                        ": it has an ingress qdisc already; remove it with 'tc qdisc del dev " +
                        base::printable(link.name, 32) + " ingress', or use the model macvtap");
    }
    const std::string other = ingress.target == 0 ? "" : link_name(socket, ingress.target);
    if (!other.empty()) {
        throw Error(ErrorCode::already_exists,
                    "cannot connect the VM to interface " + name + ": it belongs to another VM (" +
                        base::printable(other, 32) +
                        "); containers share a network only in one VM, as those of a pod do");
    }
    remove_traffic(socket, link.index);
}

bool serves(Socket& socket, const netlink::Ingress& ingress, const std::string& tap) {
    if (!ingress.redirected) {
        return false;
    }
    const std::string target = link_name(socket, ingress.target);
    return target.empty() || target == tap;
}

}  // namespace

void require_free(base::FdRef container, const NetworkEndpoint& endpoint) {
    if (endpoint.model == InternetworkingModel::tcfilter) {
        Socket socket(container);
        require_free_link(socket,
                          require_link(socket, endpoint.interface, "the container's network"));
    }
}

void join_tap(const NetworkNamespaces& namespaces,
              const NetworkEndpoint& endpoint,
              const RateLimits& limits) {
    Socket host(namespaces.libvirt);
    const Link made = require_link(host, endpoint.tap, "libvirt's network");
    netlink::move_link(host, made.index, namespaces.container);
    Socket socket(namespaces.container);
    Link tap = require_link(socket, endpoint.tap, "the container's network");
    const Link interface = require_link(socket, endpoint.interface, "the container's network");
    require_free_link(socket, interface);
    netlink::disable_ipv6_autoconfiguration(socket, tap.index);
    tap.mtu = interface.mtu;
    netlink::set_mtu(socket, tap.index, tap.mtu);
    netlink::redirect_all(socket, interface.index, tap.index);
    netlink::redirect_all(socket, tap.index, interface.index);
    netlink::limit_what_leaves(socket, tap, limits.received);
    netlink::limit_what_leaves(socket, interface, limits.sent);
    netlink::set_link_up(socket, tap.index);
    netlink::set_link_up(socket, interface.index);
}

void make_macvtap(const NetworkNamespaces& namespaces, const NetworkEndpoint& endpoint) {
    Socket socket(namespaces.container);
    const Link lower = require_link(socket, endpoint.interface, "the container's network");
    try {
        netlink::create_macvtap(socket, endpoint.tap, lower.index, namespaces.libvirt);
    } catch (const Error& error) {
        throw Error(
            error.code(),
            "cannot connect the VM to interface \"" + base::printable(endpoint.interface, 32) +
                "\"",
            std::string(error.what()) + "; it cannot belong to another VM or have a macvlan on it");
    }
    netlink::set_link_up(socket, lower.index);
    Socket host(namespaces.libvirt);
    const Link made = require_link(host, endpoint.tap, "libvirt's network");
    netlink::disable_ipv6_autoconfiguration(host, made.index);
    netlink::set_link_up(host, made.index);
}

void release_interface(base::FdRef container, const NetworkEndpoint& endpoint) {
    Socket socket(container);
    const auto link = netlink::find_link(socket, endpoint.interface);
    if (link && serves(socket, netlink::ingress_of(socket, link->index), endpoint.tap)) {
        remove_traffic(socket, link->index);
    }
}

std::string to_json_text(const JournaledTraffic& traffic) {
    return nlohmann::json{{"namespace", traffic.name_space},
                          {"device", traffic.device},
                          {"inode", traffic.inode},
                          {"interface", traffic.interface},
                          {"tap", traffic.tap}}
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void undo_traffic(const std::string& text) {
    const auto document = nlohmann::json::parse(text, nullptr, false);
    if (!document.is_object()) {
        throw Error(ErrorCode::internal, "cannot read a journaled redirection");
    }
    const netlink::NamespaceIdentity recorded{document.value("device", dev_t{0}),
                                              document.value("inode", ino_t{0})};
    const std::string path = document.value("namespace", "");
    if (netlink::identity_of(std::filesystem::path(path)) != recorded) {
        return;
    }
    const base::UniqueFd container = base::open_file(path, O_RDONLY);
    NetworkEndpoint endpoint;
    endpoint.interface = document.value("interface", "");
    endpoint.tap = document.value("tap", "");
    release_interface(container.ref(), endpoint);
}

void undo_macvtap(const std::string& name) {
    if (!is_tap_name(name)) {
        return;
    }
    // Also in ours: the daemon may have been found then and not be there now, or the other way.
    for (const auto open : {open_libvirt_namespace, own_namespace}) {
        Socket socket(open().ref());
        netlink::delete_link(socket, name);
    }
}

bool is_host_network(const std::filesystem::path& name_space) {
    const auto identity = netlink::identity_of(name_space);
    if (!identity) {
        return false;
    }
    for (const char* host : {"/proc/self/ns/net", "/proc/1/ns/net"}) {
        if (netlink::identity_of(std::filesystem::path(host)) == identity) {
            return true;
        }
    }
    return netlink::identity_of(open_libvirt_namespace().ref()) == *identity;
}

base::UniqueFd open_libvirt_namespace() {
    for (const char* pid_file : kDaemonPidFiles) {
        std::string pid = base::try_read_file(pid_file).value_or("");
        pid.erase(std::find_if(pid.begin(), pid.end(), [](char c) { return c < '0' || c > '9'; }),
                  pid.end());
        base::UniqueFd opened(::open(("/proc/" + pid + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
        if (!pid.empty() && opened.valid()) {
            return opened;
        }
    }
    return own_namespace();
}

}  // namespace kata::sandbox
