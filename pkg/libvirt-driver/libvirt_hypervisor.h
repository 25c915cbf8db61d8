// LibvirtHypervisor: sandbox VMs as transient libvirt domains. It holds one lazily opened
// connection and no state about VMs: every answer is the daemon's. A VM it started outlives it.
#pragma once

#include <filesystem>
#include <string>

#include "pkg/libvirt-driver/connection.h"
#include "pkg/libvirt-driver/domain_xml.h"
#include "pkg/libvirt-driver/qemu_process.h"
#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

class LibvirtHypervisor final : public sandbox::Hypervisor {
  public:
    /// @param uri empty: LIBVIRT_DEFAULT_URI, or qemu:///system. Nothing is connected yet.
    explicit LibvirtHypervisor(const std::string& uri);

    sandbox::StartedVm create_vm_paused(const sandbox::VmConfig& config,
                                        base::Deadline deadline) override;
    void resume_vm(const std::string& uuid, base::Deadline deadline) override;
    void destroy_vm(const std::string& uuid, base::Deadline deadline) override;
    void plug_nic(const std::string& uuid,
                  const sandbox::VmNic& nic,
                  base::Deadline deadline) override;
    void unplug_nic(const std::string& uuid,
                    const std::string& mac,
                    base::Deadline deadline) override;
    void plug_disk(const std::string& uuid,
                   const sandbox::VmDisk& disk,
                   base::Deadline deadline) override;
    void unplug_disk(const std::string& uuid,
                     const std::string& serial,
                     base::Deadline deadline) override;
    void resize_disk(const std::string& uuid,
                     const std::string& serial,
                     std::uint64_t bytes,
                     base::Deadline deadline) override;
    void plug_host_device(const std::string& uuid,
                          const sandbox::VmHostDevice& device,
                          base::Deadline deadline) override;
    void unplug_host_device(const std::string& uuid,
                            const std::string& name,
                            base::Deadline deadline) override;
    [[nodiscard]] std::vector<std::string> pci_paths(const std::string& uuid,
                                                     const std::vector<std::string>& names,
                                                     base::Deadline deadline) override;
    std::uint64_t plug_memory(const std::string& uuid,
                              std::uint64_t memory_mib,
                              base::Deadline deadline) override;
    void pin_vcpus(const std::string& uuid,
                   const std::vector<std::vector<unsigned>>& cpus,
                   base::Deadline deadline) override;
    sandbox::VmState vm_state(const std::string& uuid, base::Deadline deadline) override;
    sandbox::VmUser vm_user(const sandbox::VmIdentity& vm, base::Deadline deadline) override;
    sandbox::HypervisorVersion version(base::Deadline deadline) override;

  private:
    Connection connection_;
};

}  // namespace kata::libvirt_driver
