// The part of AgentService that deals with the guest's network.
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "pkg/agent/guest/network.h"
#include "pkg/agent/guest/service.h"

namespace kata::agent::guest {
namespace {

// A device that the host has plugged is there in a fraction of this, also under emulation.
constexpr std::chrono::seconds kDeviceWait{30};

int family_of(const v1::Route& message) {
    return message.family() == 6 ? AF_INET6 : AF_INET;
}

InterfaceSetup setup_of(const v1::Interface& message) {
    return {message.name(),
            message.mac(),
            message.mtu(),
            {message.addresses().begin(), message.addresses().end()},
            message.no_arp()};
}

NamedRoute route_of(const v1::Route& message) {
    NamedRoute named;
    named.device = message.device();
    named.route.family = family_of(message);
    named.route.destination = message.destination();
    named.route.gateway = message.gateway();
    named.route.source = message.source();
    named.route.scope = message.scope();
    named.route.metric = message.metric();
    named.route.on_link = message.on_link();
    return named;
}

NamedNeighbor neighbor_of(const v1::Neighbor& message) {
    NamedNeighbor named;
    named.device = message.device();
    named.neighbor.address = message.address();
    named.neighbor.mac = message.mac();
    named.neighbor.state = message.state();
    named.neighbor.flags = message.flags();
    return named;
}

void fill(v1::Interface& message, InterfaceSetup interface) {
    message.set_name(std::move(interface.name));
    message.set_mac(std::move(interface.mac));
    message.set_mtu(interface.mtu);
    message.set_no_arp(interface.no_arp);
    for (std::string& address : interface.addresses) {
        message.add_addresses(std::move(address));
    }
}

void fill(v1::Route& message, const NamedRoute& named) {
    message.set_destination(named.route.destination);
    message.set_gateway(named.route.gateway);
    message.set_device(named.device);
    message.set_source(named.route.source);
    message.set_scope(named.route.scope);
    message.set_family(named.route.family == AF_INET6 ? 6 : 4);
    message.set_metric(named.route.metric);
    message.set_on_link(named.route.on_link);
}

}  // namespace

grpc::ServerUnaryReactor* AgentService::UpdateInterface(Context* context,
                                                        const v1::UpdateInterfaceRequest* request,
                                                        v1::UpdateInterfaceResponse*) {
    return run(context, [request] {
        set_up_interface(setup_of(request->interface()), base::Deadline::after(kDeviceWait));
    });
}

grpc::ServerUnaryReactor* AgentService::RemoveInterface(Context* context,
                                                        const v1::RemoveInterfaceRequest* request,
                                                        v1::RemoveInterfaceResponse*) {
    return run(context, [request] { remove_interface(request->mac()); });
}

grpc::ServerUnaryReactor* AgentService::UpdateRoutes(Context* context,
                                                     const v1::UpdateRoutesRequest* request,
                                                     v1::UpdateRoutesResponse*) {
    return run(context, [request] {
        std::vector<NamedRoute> routes;
        routes.reserve(static_cast<std::size_t>(request->routes_size()));
        for (const v1::Route& message : request->routes()) {
            routes.push_back(route_of(message));
        }
        set_routes(std::move(routes));
    });
}

grpc::ServerUnaryReactor* AgentService::AddARPNeighbors(Context* context,
                                                        const v1::AddARPNeighborsRequest* request,
                                                        v1::AddARPNeighborsResponse*) {
    return run(context, [request] {
        std::vector<NamedNeighbor> neighbors;
        neighbors.reserve(static_cast<std::size_t>(request->neighbors_size()));
        for (const v1::Neighbor& message : request->neighbors()) {
            neighbors.push_back(neighbor_of(message));
        }
        add_neighbors(neighbors);
    });
}

grpc::ServerUnaryReactor* AgentService::ListInterfaces(Context* context,
                                                       const v1::ListInterfacesRequest*,
                                                       v1::ListInterfacesResponse* response) {
    return run(context, [response] {
        for (InterfaceSetup& interface : list_interfaces()) {
            fill(*response->add_interfaces(), std::move(interface));
        }
    });
}

grpc::ServerUnaryReactor* AgentService::ListRoutes(Context* context,
                                                   const v1::ListRoutesRequest*,
                                                   v1::ListRoutesResponse* response) {
    return run(context, [response] {
        for (const NamedRoute& route : list_routes()) {
            fill(*response->add_routes(), route);
        }
    });
}

}  // namespace kata::agent::guest
