#include "pkg/agent/client/guest_replies.h"

#include <algorithm>
#include <cstddef>

#include "pkg/base/error.h"

namespace kata::agent {
namespace {

std::vector<sandbox::GuestBlockIo> block_io_of(
    const google::protobuf::RepeatedPtrField<v1::BlockIoEntry>& messages) {
    std::vector<sandbox::GuestBlockIo> entries;
    for (const v1::BlockIoEntry& message : messages) {
        entries.push_back({message.major(), message.minor(), message.operation(), message.value()});
    }
    return entries;
}

std::vector<sandbox::GuestNetworkCounters> network_of(
    const google::protobuf::RepeatedPtrField<v1::NetworkCounters>& messages) {
    std::vector<sandbox::GuestNetworkCounters> counters;
    for (const v1::NetworkCounters& message : messages) {
        counters.push_back({message.name(),
                            message.rx_bytes(),
                            message.rx_packets(),
                            message.rx_errors(),
                            message.rx_dropped(),
                            message.tx_bytes(),
                            message.tx_packets(),
                            message.tx_errors(),
                            message.tx_dropped()});
    }
    return counters;
}

sandbox::GuestInterface interface_of(const v1::Interface& message) {
    return {.name = message.name(),
            .mac = message.mac(),
            .mtu = message.mtu(),
            .addresses = {message.addresses().begin(), message.addresses().end()},
            .no_arp = message.no_arp()};
}

sandbox::GuestRoute route_of(const v1::Route& message) {
    return {.destination = message.destination(),
            .gateway = message.gateway(),
            .device = message.device(),
            .source = message.source(),
            .scope = message.scope(),
            .family = message.family(),
            .metric = message.metric(),
            .on_link = message.on_link()};
}

}  // namespace

sandbox::GuestStats stats_of(const v1::StatsContainerResponse& message) {
    sandbox::GuestStats stats;
    stats.cpu_total = message.cpu_total();
    stats.cpu_user = message.cpu_user();
    stats.cpu_system = message.cpu_system();
    stats.throttling_periods = message.throttling_periods();
    stats.throttled_periods = message.throttled_periods();
    stats.throttled_time = message.throttled_time();
    stats.memory_usage = message.memory_usage();
    stats.memory_max_usage = message.memory_max_usage();
    stats.memory_limit = message.memory_limit();
    stats.memory_failures = message.memory_failures();
    stats.swap_usage = message.swap_usage();
    stats.swap_limit = message.swap_limit();
    stats.kernel_usage = message.kernel_usage();
    stats.memory_raw = {message.memory_raw().begin(), message.memory_raw().end()};
    stats.pids_current = message.pids_current();
    stats.pids_limit = message.pids_limit();
    stats.out_of_memory_kills = message.out_of_memory_kills();
    stats.io_bytes = block_io_of(message.io_bytes());
    stats.io_operations = block_io_of(message.io_operations());
    stats.network = network_of(message.network());
    return stats;
}

sandbox::GuestDetails details_of(const v1::GetGuestDetailsResponse& message) {
    return {message.memory_block_bytes(),
            message.memory_bytes(),
            message.online_cpus(),
            message.present_cpus()};
}

std::vector<sandbox::GuestInterface> interfaces_of(const v1::ListInterfacesResponse& message) {
    std::vector<sandbox::GuestInterface> interfaces;
    for (const v1::Interface& interface : message.interfaces()) {
        interfaces.push_back(interface_of(interface));
    }
    return interfaces;
}

std::vector<sandbox::GuestRoute> routes_of(const v1::ListRoutesResponse& message) {
    std::vector<sandbox::GuestRoute> routes;
    for (const v1::Route& route : message.routes()) {
        routes.push_back(route_of(route));
    }
    return routes;
}

sandbox::GuestVolumeUsage usage_of(const v1::VolumeStatsResponse& message) {
    sandbox::GuestVolumeUsage usage;
    for (const v1::VolumeUsage& part : message.usage()) {
        if (part.unit() == v1::VolumeUsage::BYTES) {
            usage.total_bytes = part.total();
            usage.available_bytes = part.available();
            usage.used_bytes = part.used();
        } else if (part.unit() == v1::VolumeUsage::INODES) {
            usage.total_inodes = part.total();
            usage.available_inodes = part.available();
            usage.used_inodes = part.used();
        }
    }
    return usage;
}

std::string printable_lines(std::string_view text) {
    std::string lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines += base::printable(text.substr(0, end), std::string::npos);
        if (end < text.size()) {
            lines += '\n';
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

}  // namespace kata::agent
