#include "pkg/agent/client/agent_connector.h"

#include "pkg/agent/client/agent_client.h"
#include "pkg/agent/client/port_dialer.h"

namespace kata::agent {
sandbox::DialedPort GrpcAgentConnector::dial(const sandbox::AgentAddress& address,
                                             base::Deadline deadline) {
    return dial_agent(address, deadline, PortUse::lasting);
}

std::unique_ptr<sandbox::Agent> GrpcAgentConnector::connect(const sandbox::AgentAddress& address,
                                                            base::Deadline deadline) {
    return std::make_unique<AgentClient>(dial_agent(address, deadline));
}

}  // namespace kata::agent
