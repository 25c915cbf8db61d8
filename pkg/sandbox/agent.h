// Agent: the port through which the sandbox talks to kata-agent, pid 1 of the guest. Owned by this
// folder (the consumer), implemented by pkg/agent/client. One object is one conversation with the
// guest.
//
// The guest is not trusted: implementations cap the length of every reply and of every error text.
// Every method: @throws base::Error with the agent's code and text, timeout at the deadline,
// unavailable when the conversation broke.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/deadline.h"
#include "pkg/base/unique_fd.h"
#include "pkg/sandbox/guest_files.h"
#include "pkg/sandbox/guest_network.h"
#include "pkg/sandbox/guest_resources.h"
#include "pkg/sandbox/guest_volumes.h"

namespace kata::sandbox {

/// Where a guest's agent can be reached: its virtio-serial ports (one conversation each), or vsock.
struct AgentAddress {
    std::filesystem::path ports_dir;  // <n>.sock is port n, <n>.lock is locked by who uses it
    unsigned port_count = 0;
    std::optional<std::uint32_t> vsock_cid;  // set: vsock is used and the ports are not
};

/// A greeted connection on which nobody has spoken gRPC yet, to be handed to a kata-shim.
struct DialedPort {
    base::UniqueFd connection;
    base::UniqueFd lock;  // carries the flock of the port; invalid with vsock
};

/// Something the guest mounts before containers are created in it; with the type "swap", swap
/// space.
struct GuestStorage {
    std::string source;  // e.g. the tag of a virtio-fs share
    std::string fs_type;
    std::vector<std::string> options;
    std::string mount_point;
    std::optional<DiskDriver> driver = {};  // set: source is a disk's serial
};

/// A kernel module that the guest's modprobe loads.
struct GuestModule {
    std::string name;
    std::vector<std::string> parameters;
};

struct SandboxSetup {
    std::string sandbox_id;
    std::vector<GuestStorage> storages;
    std::vector<GuestModule> kernel_modules = {};  // in the order of loading
    std::string hook_path =
        {};  // a directory of the guest with hooks for every container; may be empty
};

/// Containers and their processes; the rest is inherited.
class Agent : public GuestNetwork, public GuestResources, public GuestFiles, public GuestVolumes {
  public:
    Agent() = default;
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;
    Agent(Agent&&) = delete;
    Agent& operator=(Agent&&) = delete;
    ~Agent() override = default;

    /// Prepares the guest for containers; once per VM.
    virtual void create_sandbox(const SandboxSetup& setup, base::Deadline deadline) = 0;

    /// Creates a container whose init waits for start_container.
    /// @param spec_json OCI config.json as the guest shall see it (guest_spec.h); root.path is a
    /// guest path.
    /// @param disks plugged before; those with a file system are mounted first.
    /// @param deadline until when the guest may try; that it failed is awaited somewhat longer.
    /// @throws Error not_found `exec: "x": executable file not found in $PATH`, permission_denied,
    /// ...
    virtual void create_container(const std::string& container_id,
                                  const std::string& spec_json,
                                  const GuestDisks& disks,
                                  base::Deadline deadline) = 0;

    virtual void start_container(const std::string& container_id, base::Deadline deadline) = 0;

    /// Kills what is left of the container and forgets it. An unknown container is fine.
    virtual void remove_container(const std::string& container_id, base::Deadline deadline) = 0;

    /// Starts another process in a running container.
    /// @param container_id empty: a shell of the guest itself, outside of all containers.
    /// @param process_json an OCI `process` object, complete.
    virtual void exec_process(const std::string& container_id,
                              const std::string& exec_id,
                              const std::string& process_json,
                              base::Deadline deadline) = 0;

    /// @param exec_id empty: the container's init. @param all every process of the container.
    /// @throws Error not_found "no such process" if it has ended.
    virtual void signal_process(const std::string& container_id,
                                const std::string& exec_id,
                                int signal,
                                bool all,
                                base::Deadline deadline) = 0;

    /// The output of ps(1) in the guest with `ps_args`, its rows limited to the container's
    /// processes.
    virtual std::string list_processes(const std::string& container_id,
                                       const std::vector<std::string>& ps_args,
                                       base::Deadline deadline) = 0;
};

class AgentConnector {
  public:
    AgentConnector() = default;
    AgentConnector(const AgentConnector&) = delete;
    AgentConnector& operator=(const AgentConnector&) = delete;
    AgentConnector(AgentConnector&&) = delete;
    AgentConnector& operator=(AgentConnector&&) = delete;
    virtual ~AgentConnector() = default;

    /// Takes a free port and greets the agent on it, waiting for a guest that still boots.
    /// @throws Error unavailable at once if the VM died, timeout at the deadline,
    /// unsupported if the agent speaks another major version of the protocol.
    /// What it takes is kept for long, so it leaves some ports to connect().
    virtual DialedPort dial(const AgentAddress& address, base::Deadline deadline) = 0;

    /// dial() and a conversation on top.
    virtual std::unique_ptr<Agent> connect(const AgentAddress& address,
                                           base::Deadline deadline) = 0;
};

}  // namespace kata::sandbox
