// ShareServer: a server of our own for the share of one sandbox: virtiofsd with what libvirt cannot
// ask it for, or QEMU's 9p proxy. It serves one VM and ends with it; if it does not, the journal
// ends it (undo.h). libvirt knows nothing of it but its socket.
#pragma once

#include <filesystem>
#include <string>

#include "pkg/base/deadline.h"
#include "pkg/base/error.h"
#include "pkg/base/process.h"
#include "pkg/base/unique_fd.h"
#include "pkg/sandbox/cgroup.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/hypervisor.h"
#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/share.h"
#include "pkg/sandbox/state_store.h"

namespace kata::sandbox {

/// Everything is borrowed for the call.
struct ShareServerContext {
    const RuntimeConfig& config;
    const ContainerPlace& place;
    const Share& share;
    const HostCgroup& cgroup;
    Journal& journal;
    VmUser user;  // who connects to it, and nobody else
};

class ShareServer {
  public:
    /// Starts it, in the journal and in the cgroup before it runs. @throws base::Error with its
    /// words if it ends at once.
    [[nodiscard]] static ShareServer start(const ShareServerContext& context);

    [[nodiscard]] const std::filesystem::path& socket() const { return socket_; }

    /// @throws base::Error with its words if it has ended.
    void require_alive() const;

    /// `error` of a VM that did not start, with the server's words behind it if it has ended: QEMU
    /// says only that nobody answers.
    [[nodiscard]] base::Error explained(const base::Error& error) const;

  private:
    ShareServer(base::ProcessId id,
                std::filesystem::path program,
                std::filesystem::path socket,
                base::UniqueFd words);
    void await_socket(base::Deadline deadline) const;
    [[nodiscard]] std::string how_it_ended() const;

    base::ProcessId id_;
    std::filesystem::path program_;
    std::filesystem::path socket_;
    base::UniqueFd words_;
};

/// Kills the server and its children if it still runs. @param object of Effect::Kind::server.
void undo_share_server(const std::string& object);

}  // namespace kata::sandbox
