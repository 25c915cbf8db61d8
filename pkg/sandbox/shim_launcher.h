// Starting kata-shim: clones it into its namespaces and speaks to it until it relays on its own.
//
// ShimProcess is the handle of a shim that is being set up: as long as it has not been given its
// connection, closing the handle ends the shim (it reads end of file and exits). It is not the
// owner of the process afterwards: a relaying shim belongs to its subreaper, the engine.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "pkg/base/deadline.h"
#include "pkg/base/process.h"
#include "pkg/base/unique_fd.h"
#include "pkg/oci/spec.h"
#include "pkg/sandbox/agent.h"
#include "pkg/sandbox/shim_control.h"

namespace kata::sandbox {

/// How long a shim may take for one request.
inline constexpr std::chrono::seconds kShimAnswer{30};

/// The namespaces a shim joins, and those made for it. Pure data; see shim_namespaces().
struct ShimNamespaces {
    struct Join {
        std::string path;
        int type = 0;  // CLONE_NEW...
        bool operator==(const Join&) const = default;
    };
    std::vector<Join> join;  // in the order of joining: pid last
    int create = 0;          // CLONE_NEW... flags of new ones
    bool operator==(const ShimNamespaces&) const = default;
};

/// What the spec's namespaces mean for the init shim: network, ipc, uts and pid as written, a mount
/// namespace of its own always; user, cgroup and time exist in the guest only.
[[nodiscard]] ShimNamespaces shim_namespaces(const oci::Spec& spec);

/// The pid namespace of the container's init shim, and nothing else of its: with that shim the
/// kernel ends the shims of its execs, and engines hear of their ends first, as with runc.
[[nodiscard]] ShimNamespaces exec_shim_namespaces(pid_t init_shim);

struct ShimLaunch {
    std::filesystem::path program;  // kata-shim
    ShimNamespaces namespaces;
    std::filesystem::path
        console_socket;         // set: gets the master of a new terminal, the shim the slave
    bool own_terminal = false;  // the shim's stdio is a terminal that becomes its own
};

class ShimProcess {
  public:
    /// Clones the shim; it waits for requests. @throws base::Error if a namespace cannot be joined
    /// or made, if the console socket does not take the terminal, or if the program cannot be run.
    [[nodiscard]] static ShimProcess launch(const ShimLaunch& launch);

    [[nodiscard]] const base::ProcessId& id() const { return id_; }

    /// Sends a request and waits for the reply. @throws base::Error with the shim's words.
    void request(const ShimRequest& request, base::Deadline deadline);

    /// The last request: from its reply on the shim lives without us.
    /// @param memory_cgroup the directory in which it is accounted, or invalid: see oom_notice.h of
    /// the shim.
    void relay(ShimRelayRequest request,
               DialedPort port,
               base::UniqueFd memory_cgroup,
               base::Deadline deadline);

  private:
    ShimProcess(base::ProcessId id, base::UniqueFd control);
    void exchange(const ShimRequest& request,
                  const std::vector<base::FdRef>& fds,
                  base::Deadline deadline);

    base::ProcessId id_;
    base::UniqueFd control_;
};

}  // namespace kata::sandbox
