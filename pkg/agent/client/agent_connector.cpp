#include "pkg/agent/client/agent_connector.h"

#include <algorithm>

#include "pkg/agent/client/agent_client.h"
#include "pkg/agent/client/port_dialer.h"

namespace kata::agent {
namespace {

// Containers and execs hold their port for as long as they run. With all ports held nobody could
// kill or delete them, so some are only for commands.
constexpr unsigned kPortsForCommands = 2;

sandbox::AgentAddress without_ports_for_commands(sandbox::AgentAddress address) {
    address.port_count -= std::min(kPortsForCommands, address.port_count / 2);
    return address;
}

}  // namespace

sandbox::DialedPort GrpcAgentConnector::dial(const sandbox::AgentAddress& address,
                                             base::Deadline deadline) {
    return dial_agent(without_ports_for_commands(address), deadline);
}

std::unique_ptr<sandbox::Agent> GrpcAgentConnector::connect(const sandbox::AgentAddress& address,
                                                            base::Deadline deadline) {
    return std::make_unique<AgentClient>(dial_agent(address, deadline));
}

}  // namespace kata::agent
