// VmLibrary: the VM backend of kata-runtime. It opens libkata-vm.so, which links libvirt, gRPC
// and systemd, when a command first needs a VM, so that the other commands never pay for them.
//
// The library is the one beside the running program if there is one (a build directory), else the
// installed one. Both are as trustworthy as the program itself.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "pkg/sandbox/vm_backend.h"

namespace kata::cli {

class VmLibrary : public sandbox::VmBackend {
  public:
    /// @param libvirt_uri empty: LIBVIRT_DEFAULT_URI, or qemu:///system
    explicit VmLibrary(std::string libvirt_uri) : libvirt_uri_(std::move(libvirt_uri)) {}

    /// Loads the library. @throws base::Error unavailable naming what is missing.
    void load();

    /// @throws base::Error unavailable if the library cannot be loaded, or the daemon's words.
    sandbox::Hypervisor& hypervisor() override;
    sandbox::AgentConnector& agents() override;
    sandbox::ScopeUnits& scopes() override;
    std::unique_ptr<sandbox::Digest> sha512() override;

  private:
    void* symbol(const char* name);

    std::string libvirt_uri_;
    void* library_ = nullptr;  // stays open: its threads may still run when we end
    std::unique_ptr<sandbox::Hypervisor> hypervisor_;
    std::unique_ptr<sandbox::AgentConnector> agents_;
    std::unique_ptr<sandbox::ScopeUnits> scopes_;
};

/// Where libkata-vm.so is looked for. @param program the running program's path.
[[nodiscard]] std::filesystem::path vm_library_path(const std::filesystem::path& program);

}  // namespace kata::cli
