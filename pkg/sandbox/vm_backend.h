// VmBackend: the ports together, each made on first use. kata-runtime links neither libvirt nor
// gRPC; its main loads libkata-vm.so behind this interface, so that commands without a VM never pay
// for them. Tests put fakes behind it.
#pragma once

#include <memory>

#include "pkg/base/error.h"
#include "pkg/sandbox/agent.h"
#include "pkg/sandbox/digest.h"
#include "pkg/sandbox/hypervisor.h"
#include "pkg/sandbox/scope_units.h"

namespace kata::sandbox {

class VmBackend {
  public:
    VmBackend() = default;
    VmBackend(const VmBackend&) = delete;
    VmBackend& operator=(const VmBackend&) = delete;
    VmBackend(VmBackend&&) = delete;
    VmBackend& operator=(VmBackend&&) = delete;
    virtual ~VmBackend() = default;

    /// Loaded and connected at the first call. @throws base::Error unavailable with the daemon's
    /// words.
    virtual Hypervisor& hypervisor() = 0;
    virtual AgentConnector& agents() = 0;
    /// Of the host's systemd, whether it runs or not.
    virtual ScopeUnits& scopes() = 0;
    /// A new SHA-512. @throws base::Error unsupported if there is none.
    [[nodiscard]] virtual std::unique_ptr<Digest> sha512() {
        throw base::Error(base::ErrorCode::unsupported, "cannot compute a SHA-512");
    }
};

/// What libkata-vm.so exports (C linkage, so that dlsym finds it): the caller owns the result.
inline constexpr const char* kMakeHypervisorSymbol = "kata_make_hypervisor";
inline constexpr const char* kMakeAgentConnectorSymbol = "kata_make_agent_connector";
inline constexpr const char* kMakeScopeUnitsSymbol = "kata_make_scope_units";
inline constexpr const char* kMakeSha512Symbol = "kata_make_sha512";
using MakeHypervisor =
    Hypervisor* (*)(const char* uri);  // empty: LIBVIRT_DEFAULT_URI or qemu:///system
using MakeAgentConnector = AgentConnector* (*)();
using MakeScopeUnits = ScopeUnits* (*)();
using MakeSha512 = Digest* (*)();

}  // namespace kata::sandbox
