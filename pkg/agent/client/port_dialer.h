// Dialing: from an address to a greeted connection. Nothing here speaks gRPC.
//
// A virtio-serial port serves one client at a time, so whoever uses port n holds the lock of
// <dir>/n.lock from before it connects until after it has closed. vsock has connections of its own
// and needs no lock.
#pragma once

#include "pkg/base/deadline.h"
#include "pkg/sandbox/agent.h"

namespace kata::agent {

/// Containers and execs hold their port for as long as they run. With all ports held nobody could
/// kill or delete them, so of four or more ports two are only for commands; and a command leaves at
/// least one of the others free, because it may need one for the process that it starts.
enum class PortUse { command, lasting };

/// Takes the free port that has rested longest (or a vsock connection) and greets the agent on it,
/// waiting for a guest that still boots.
/// @throws base::Error unavailable at once if the VM is gone; timeout if no agent greeted, or no
/// port became free, before `deadline`; unsupported if the agent speaks another major version.
[[nodiscard]] sandbox::DialedPort dial_agent(const sandbox::AgentAddress& address,
                                             base::Deadline deadline,
                                             PortUse use = PortUse::command);

}  // namespace kata::agent
