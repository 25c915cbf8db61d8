#include "pkg/sandbox/sandbox_network.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/netlink/network_namespace.h"
#include "pkg/sandbox/network/connection.h"
#include "pkg/sandbox/network/scan.h"
#include "pkg/sandbox/request_deadline.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;

base::UniqueFd open_network_of(pid_t process) {
    return base::open_file("/proc/" + std::to_string(process) + "/ns/net", O_RDONLY);
}

// Runs `step`; the first failure of several is kept for later.
template <typename Step>
void attempt(std::optional<Error>& first, Step step) {
    try {
        step();
    } catch (const Error& error) {
        if (error.code() == ErrorCode::interrupted) {
            throw;
        }
        if (!first) {
            first = error;
        }
    }
}

}  // namespace

SandboxNetwork::SandboxNetwork(NetworkContext context, NetworkRecord record)
    : context_(std::move(context)), record_(std::move(record)) {
    // disable_new_netns may have put the shim into the host's, whatever the configuration says by
    // now.
    if (context_.config.internetworking_model == InternetworkingModel::none ||
        is_host_network(context_.name_space)) {
        context_.name_space.clear();
    }
}

base::UniqueFd SandboxNetwork::open_namespace() const {
    return base::open_file(context_.name_space, O_RDONLY);
}

NicOptions SandboxNetwork::nic_options() const {
    const unsigned queues = context_.config.network_queues;
    return {.vhost = !context_.config.disable_vhost_net,
            .queues = queues == 0 ? context_.config.default_vcpus : queues};
}

RateLimits SandboxNetwork::rate_limits() const {
    return {.received = context_.config.rx_rate_limit, .sent = context_.config.tx_rate_limit};
}

void SandboxNetwork::plan() {
    if (!present()) {
        return;
    }
    const base::UniqueFd container = open_namespace();
    view_ = guest_view(scan_network(container.ref()));
    for (const ServedInterface& served : view_.interfaces) {
        record_.endpoints.push_back(prepare(served, container.ref()));
    }
    record_.routes = view_.routes;
}

NetworkEndpoint SandboxNetwork::prepare(const ServedInterface& served, base::FdRef container) {
    NetworkEndpoint endpoint =
        make_endpoint(served,
                      model_for(context_.config.internetworking_model, rate_limits()),
                      tap_name(context_.vm_uuid, record_.next_tap));
    ++record_.next_tap;
    require_free(container, endpoint);
    if (endpoint.model == InternetworkingModel::macvtap) {
        const base::UniqueFd host = open_libvirt_namespace();
        context_.journal.record(Effect::Kind::macvtap, endpoint.tap);
        make_macvtap({container, host.ref()}, endpoint);
    } else {
        journal_traffic(endpoint, container);
    }
    return endpoint;
}

void SandboxNetwork::journal_traffic(const NetworkEndpoint& endpoint, base::FdRef container) {
    if (context_.lasting_path.empty()) {
        return;
    }
    const netlink::NamespaceIdentity identity = netlink::identity_of(container);
    context_.journal.record(Effect::Kind::traffic,
                            to_json_text(JournaledTraffic{context_.lasting_path,
                                                          identity.device,
                                                          identity.inode,
                                                          endpoint.interface,
                                                          endpoint.tap}));
}

std::vector<VmNic> SandboxNetwork::nics() const {
    std::vector<VmNic> nics;
    nics.reserve(record_.endpoints.size());
    for (const NetworkEndpoint& endpoint : record_.endpoints) {
        nics.push_back(nic_of(endpoint, nic_options()));
    }
    return nics;
}

void SandboxNetwork::connect(pid_t vm_pid) {
    if (record_.endpoints.empty()) {
        return;
    }
    const base::UniqueFd container = open_namespace();
    const base::UniqueFd host = open_network_of(vm_pid);
    for (const NetworkEndpoint& endpoint : record_.endpoints) {
        if (endpoint.model == InternetworkingModel::tcfilter) {
            join_tap({container.ref(), host.ref()}, endpoint, rate_limits());
        }
    }
}

void SandboxNetwork::set_up_guest(Agent& agent) {
    if (record_.endpoints.empty()) {
        return;
    }
    const auto deadline = request_deadline(context_.config);
    for (const NetworkEndpoint& endpoint : record_.endpoints) {
        agent.update_interface(endpoint.guest, deadline);
    }
    if (!record_.routes.empty()) {
        agent.update_routes(record_.routes, deadline);
    }
    if (!view_.neighbors.empty()) {
        agent.add_neighbors(view_.neighbors, deadline);
    }
}

bool SandboxNetwork::has_changed() const {
    if (!present()) {
        return false;
    }
    const NetworkScan scan = scan_network(open_namespace().ref());
    return !compare(record_, scan, guest_view(scan)).empty();
}

void SandboxNetwork::refresh(Hypervisor& hypervisor, Agent& agent, pid_t vm_pid) {
    if (!present()) {
        return;
    }
    const base::UniqueFd container = open_namespace();
    const NetworkScan scan = scan_network(container.ref());
    const GuestView view = guest_view(scan);
    const NetworkChange change = compare(record_, scan, view);
    const auto deadline = request_deadline(context_.config);
    std::optional<Error> first;
    for (const NetworkEndpoint& endpoint : change.vanished) {
        attempt(first, [&] { unplug(endpoint, container.ref(), hypervisor, agent); });
    }
    for (const ServedInterface& served : change.appeared) {
        attempt(first, [&] {
            plug(prepare(served, container.ref()), container.ref(), hypervisor, agent, vm_pid);
        });
    }
    for (const NetworkEndpoint& changed : change.changed) {
        attempt(first, [&] {
            agent.update_interface(changed.guest, deadline);
            *std::ranges::find(record_.endpoints, changed.tap, &NetworkEndpoint::tap) = changed;
        });
    }
    if (!change.empty() && !record_.routes_by_hand) {
        attempt(first, [&] {
            agent.update_routes(view.routes, deadline);
            record_.routes = view.routes;
            agent.add_neighbors(view.neighbors, deadline);
        });
    }
    if (first) {
        throw Error(*first);
    }
}

GuestInterface SandboxNetwork::add(const std::string& device,
                                   GuestInterface wanted,
                                   Hypervisor& hypervisor,
                                   Agent& agent,
                                   pid_t vm_pid) {
    require_present();
    const base::UniqueFd container = open_namespace();
    ServedInterface served = served_interface(scan_network(container.ref()), device);
    if (std::ranges::find(record_.endpoints, served.link.index, &NetworkEndpoint::link) !=
        record_.endpoints.end()) {
        throw Error(ErrorCode::already_exists,
                    "interface \"" + base::printable(device, 32) + "\" is connected to the VM");
    }
    wanted.mac = wanted.mac.empty() ? served.guest.mac : wanted.mac;
    wanted.mtu = wanted.mtu == 0 ? served.guest.mtu : wanted.mtu;
    served.guest = std::move(wanted);
    NetworkEndpoint endpoint = prepare(served, container.ref());
    endpoint.by_hand = true;
    plug(endpoint, container.ref(), hypervisor, agent, vm_pid);
    std::erase(record_.left_out, endpoint.link);
    return endpoint.guest;
}

GuestInterface SandboxNetwork::remove(const GuestInterface& which,
                                      Hypervisor& hypervisor,
                                      Agent& agent) {
    require_present();
    const auto found =
        std::ranges::find_if(record_.endpoints, [&](const NetworkEndpoint& endpoint) {
            return which.mac.empty() ? endpoint.guest.name == which.name
                                     : endpoint.guest.mac == which.mac;
        });
    if (found == record_.endpoints.end()) {
        throw Error(ErrorCode::not_found,
                    "the VM has no interface \"" +
                        base::printable(which.mac.empty() ? which.name : which.mac, 64) + "\"");
    }
    const NetworkEndpoint endpoint = *found;
    unplug(endpoint, open_namespace().ref(), hypervisor, agent);
    record_.left_out.push_back(endpoint.link);
    return endpoint.guest;
}

void SandboxNetwork::set_routes(std::vector<GuestRoute> routes, Agent& agent) {
    agent.update_routes(routes, request_deadline(context_.config));
    record_.routes = std::move(routes);
    record_.routes_by_hand = true;
}

void SandboxNetwork::require_present() const {
    if (!present()) {
        throw Error(ErrorCode::unsupported,
                    "the VM cannot be connected to interfaces: the container has no network "
                    "namespace of its own, or configuration.toml has internetworking_model = "
                    "\"none\"");
    }
}

void SandboxNetwork::plug(const NetworkEndpoint& endpoint,
                          base::FdRef container,
                          Hypervisor& hypervisor,
                          Agent& agent,
                          pid_t vm_pid) {
    const auto deadline = request_deadline(context_.config);
    hypervisor.plug_nic(context_.vm_uuid, nic_of(endpoint, nic_options()), deadline);
    record_.endpoints.push_back(endpoint);
    try {
        if (endpoint.model == InternetworkingModel::tcfilter) {
            join_tap({container, open_network_of(vm_pid).ref()}, endpoint, rate_limits());
        }
        agent.update_interface(endpoint.guest, deadline);
    } catch (const Error&) {
        // Tried anew by whoever looks next, with another tap.
        try {
            unplug(endpoint, container, hypervisor, agent);
        } catch (const Error& error) {
            context_.log.warning(error.what());
        }
        throw;
    }
}

void SandboxNetwork::unplug(const NetworkEndpoint& endpoint,
                            base::FdRef container,
                            Hypervisor& hypervisor,
                            Agent& agent) {
    const auto deadline = request_deadline(context_.config);
    agent.remove_interface(endpoint.guest.mac, deadline);
    hypervisor.unplug_nic(context_.vm_uuid, endpoint.guest.mac, deadline);
    if (endpoint.model == InternetworkingModel::macvtap) {
        undo_macvtap(endpoint.tap);
    } else {
        release_interface(container, endpoint);
    }
    forget(endpoint);
}

void SandboxNetwork::forget(const NetworkEndpoint& endpoint) {
    const std::string tap = endpoint.tap;
    std::erase_if(record_.endpoints, [&](const NetworkEndpoint& one) { return one.tap == tap; });
}

}  // namespace kata::sandbox
