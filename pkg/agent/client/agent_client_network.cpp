#include "pkg/agent/client/agent_client.h"
#include "pkg/agent/client/guest_replies.h"
#include "pkg/agent/client/unary_call.h"

namespace kata::agent {
namespace {

using Stub = v1::AgentService::Stub;

void fill(v1::Interface& message, const sandbox::GuestInterface& interface) {
    message.set_name(interface.name);
    message.set_mac(interface.mac);
    message.set_mtu(interface.mtu);
    message.set_no_arp(interface.no_arp);
    for (const std::string& address : interface.addresses) {
        message.add_addresses(address);
    }
}

void fill(v1::Route& message, const sandbox::GuestRoute& route) {
    message.set_destination(route.destination);
    message.set_gateway(route.gateway);
    message.set_device(route.device);
    message.set_source(route.source);
    message.set_scope(route.scope);
    message.set_family(route.family);
    message.set_metric(route.metric);
    message.set_on_link(route.on_link);
}

void fill(v1::Neighbor& message, const sandbox::GuestNeighbor& neighbor) {
    message.set_address(neighbor.address);
    message.set_device(neighbor.device);
    message.set_mac(neighbor.mac);
    message.set_state(neighbor.state);
    message.set_flags(neighbor.flags);
}

}  // namespace

void AgentClient::update_interface(const sandbox::GuestInterface& interface,
                                   base::Deadline deadline) {
    v1::UpdateInterfaceRequest request;
    fill(*request.mutable_interface(), interface);
    unary_call<v1::UpdateInterfaceRequest, v1::UpdateInterfaceResponse>(
        *stub_,
        &Stub::PrepareAsyncUpdateInterface,
        request,
        deadline,
        quoted("set up the guest's interface", interface.name));
}

void AgentClient::remove_interface(const std::string& mac, base::Deadline deadline) {
    v1::RemoveInterfaceRequest request;
    request.set_mac(mac);
    unary_call<v1::RemoveInterfaceRequest, v1::RemoveInterfaceResponse>(
        *stub_,
        &Stub::PrepareAsyncRemoveInterface,
        request,
        deadline,
        quoted("take down the guest's interface", mac));
}

void AgentClient::update_routes(const std::vector<sandbox::GuestRoute>& routes,
                                base::Deadline deadline) {
    v1::UpdateRoutesRequest request;
    for (const sandbox::GuestRoute& route : routes) {
        fill(*request.add_routes(), route);
    }
    unary_call<v1::UpdateRoutesRequest, v1::UpdateRoutesResponse>(
        *stub_, &Stub::PrepareAsyncUpdateRoutes, request, deadline, "set the guest's routes");
}

void AgentClient::add_neighbors(const std::vector<sandbox::GuestNeighbor>& neighbors,
                                base::Deadline deadline) {
    v1::AddARPNeighborsRequest request;
    for (const sandbox::GuestNeighbor& neighbor : neighbors) {
        fill(*request.add_neighbors(), neighbor);
    }
    unary_call<v1::AddARPNeighborsRequest, v1::AddARPNeighborsResponse>(
        *stub_,
        &Stub::PrepareAsyncAddARPNeighbors,
        request,
        deadline,
        "add the guest's neighbours");
}

std::vector<sandbox::GuestInterface> AgentClient::list_interfaces(base::Deadline deadline) {
    return interfaces_of(unary_call<v1::ListInterfacesRequest, v1::ListInterfacesResponse>(
        *stub_, &Stub::PrepareAsyncListInterfaces, {}, deadline, "list the guest's interfaces"));
}

std::vector<sandbox::GuestRoute> AgentClient::list_routes(base::Deadline deadline) {
    return routes_of(unary_call<v1::ListRoutesRequest, v1::ListRoutesResponse>(
        *stub_, &Stub::PrepareAsyncListRoutes, {}, deadline, "list the guest's routes"));
}

}  // namespace kata::agent
