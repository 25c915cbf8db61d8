// ControlSession: the conversation with the kata-runtime that started this shim, over its control
// socket (pkg/sandbox/shim_control.h). It serves mount and pivot itself and ends with the relay
// request, after which the socket is closed and the shim is on its own.
#pragma once

#include <optional>

#include "pkg/agent/shim/container_root.h"
#include "pkg/base/unique_fd.h"
#include "pkg/sandbox/shim_control.h"

namespace kata::agent {

/// The process to relay and the conversation to do it over.
struct RelayOrder {
    sandbox::ShimRelayRequest process;
    base::UniqueFd connection;
    base::UniqueFd lock;           // invalid if the connection needs none
    base::UniqueFd memory_cgroup;  // invalid if there is none; see oom_notice.h
};

class ControlSession {
  public:
    explicit ControlSession(base::UniqueFd control) : control_(std::move(control)) {}

    /// Serves requests until the relay request is answered. An error is the reply to the request
    /// that caused it; the session goes on, and it is for kata-runtime to end it. Order: mount,
    /// pivot, relay; or relay alone.
    /// @return nullopt when kata-runtime has gone. @throws base::Error if the socket fails.
    [[nodiscard]] std::optional<RelayOrder> serve();

  private:
    enum class Stage { fresh, mounted, entered };

    void serve_mount(const sandbox::ShimMountRequest& request);
    void serve_pivot();
    [[nodiscard]] RelayOrder serve_relay(const sandbox::ShimRelayRequest& request,
                                         std::vector<base::UniqueFd> fds) const;
    void reply(const std::string& error) const;

    base::UniqueFd control_;
    Stage stage_ = Stage::fresh;
    std::optional<ContainerRoot> root_;
};

}  // namespace kata::agent
