// What libkata-vm.so exports of this folder; the name is vm_backend.h's kMakeAgentConnectorSymbol.
// The caller owns the result and deletes it.
#include <memory>

#include "pkg/agent/client/agent_connector.h"
#include "pkg/agent/client/channel.h"
#include "pkg/sandbox/vm_backend.h"

extern "C" __attribute__((visibility("default"))) kata::sandbox::AgentConnector*
kata_make_agent_connector() {
    kata::agent::silence_grpc();
    return std::make_unique<kata::agent::GrpcAgentConnector>().release();
}
