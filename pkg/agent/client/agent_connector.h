// The AgentConnector of this folder: dialing (port_dialer.h) and AgentClient on top. It keeps no
// state.
#pragma once

#include <memory>

#include "pkg/sandbox/agent.h"

namespace kata::agent {

/// As sandbox::AgentConnector describes.
class GrpcAgentConnector : public sandbox::AgentConnector {
  public:
    sandbox::DialedPort dial(const sandbox::AgentAddress& address,
                             base::Deadline deadline) override;
    std::unique_ptr<sandbox::Agent> connect(const sandbox::AgentAddress& address,
                                            base::Deadline deadline) override;
};

}  // namespace kata::agent
