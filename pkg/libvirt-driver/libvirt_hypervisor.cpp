#include "pkg/libvirt-driver/libvirt_hypervisor.h"

#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "pkg/base/error.h"
#include "pkg/libvirt-driver/accelerator.h"
#include "pkg/libvirt-driver/domain.h"
#include "pkg/libvirt-driver/image_xml.h"
#include "pkg/libvirt-driver/libvirt_error.h"
#include "pkg/libvirt-driver/memory.h"
#include "pkg/libvirt-driver/own_user.h"
#include "pkg/libvirt-driver/pin_vcpus.h"
#include "pkg/libvirt-driver/plug_disk.h"
#include "pkg/libvirt-driver/plug_host_device.h"
#include "pkg/libvirt-driver/plug_nic.h"

namespace kata::libvirt_driver {
namespace {

using base::Deadline;
using base::Error;
using base::ErrorCode;
using sandbox::HypervisorVersion;
using sandbox::StartedVm;
using sandbox::VmConfig;
using sandbox::VmState;

constexpr const char* kImageIsADisk =
    "the guest's image is a disk, because AppArmor or SELinux keeps QEMU from mapping it; set "
    "disable_image_nvdimm = true in configuration.toml to ask for that";

std::string effective_uri(const std::string& uri) {
    if (!uri.empty()) {
        return uri;
    }
    const char* from_environment = std::getenv("LIBVIRT_DEFAULT_URI");
    const bool set = from_environment != nullptr && *from_environment != '\0';
    return set ? from_environment : "qemu:///system";
}

/// libvirt packs a version as 1000000 * major + 1000 * minor + release.
std::string version_text(unsigned long version) {
    return fmt::format("{}.{}.{}", version / 1000000, version / 1000 % 1000, version % 1000);
}

std::string version_of(virConnectPtr connection,
                       int (*ask)(virConnectPtr, unsigned long*),
                       const char* operation) {
    unsigned long version = 0;
    if (ask(connection, &version) < 0) {
        throw last_error(operation);
    }
    return version_text(version);
}

std::string ask_capabilities(virConnectPtr connection) {
    const LibvirtText capabilities(virConnectGetCapabilities(connection));
    if (capabilities == nullptr) {
        throw last_error("cannot read the capabilities of libvirt");
    }
    return capabilities.get();
}

std::optional<UserIds> ask_qemu_user(virConnectPtr connection) {
    return qemu_user_ids(ask_capabilities(connection));
}

pid_t require_qemu(const VmConfig& config, std::optional<UserIds> user) {
    const auto owner = user ? std::optional(user->uid) : std::nullopt;
    const auto pid = find_qemu(ProcessPaths{}, config.name, config.uuid, owner);
    if (!pid) {
        throw Error(ErrorCode::unavailable,
                    fmt::format("cannot find the QEMU process of VM \"{}\" on this host",
                                base::printable(config.name)));
    }
    return *pid;
}

sandbox::VmIdentity identity_of(const VmConfig& config) {
    return {config.uuid, config.machine.own_user, config.accelerator};
}

/// Who a VM will run as. nullopt: the daemon does not change users, and a VM runs as we do.
/// @param accelerator as chosen.
std::optional<UserIds> user_for(const sandbox::VmIdentity& vm,
                                std::optional<UserIds> usual,
                                sandbox::Accelerator accelerator) {
    if (!vm.own_user) {
        return usual;
    }
    if (!usual) {
        throw Error(ErrorCode::unsupported,
                    "rootless needs a libvirt that runs as root and has the security driver dac; "
                    "use qemu:///system, or leave rootless out");
    }
    return own_user(vm.uuid, *usual, accelerator == sandbox::Accelerator::kvm, "/");
}

// libvirt has one directory for the memory files of all VMs and no setting for that of one.
void require_memory_directory(const VmConfig& config, pid_t pid) {
    const std::string& wanted = config.machine.memory.file_directory.native();
    const std::string path = wanted.empty() ? "" : memory_file_of({}, pid);
    if (wanted.empty() || path.starts_with(wanted + "/")) {
        return;
    }
    throw Error(ErrorCode::unsupported,
                fmt::format("file_mem_backend is \"{}\", but libvirt keeps the memory of VMs in "
                            "\"{}\"; set memory_backing_dir = \"{}\" in /etc/libvirt/qemu.conf "
                            "and restart libvirt",
                            wanted,
                            base::printable(path),
                            wanted));
}

StartedVm describe_started(virDomainPtr domain,
                           const VmConfig& config,
                           std::optional<UserIds> user,
                           AcceleratorChoice choice) {
    StartedVm started;
    started.pid = require_qemu(config, user);
    require_memory_directory(config, started.pid);
    const bool serves_itself = config.share && config.share->socket.empty();
    if (serves_itself && config.share->protocol == sandbox::ShareProtocol::virtio_fs) {
        // It is started by the daemon and keeps the daemon's user.
        started.helpers =
            find_virtiofsd({},
                           config.share->directory,
                           user ? std::optional<uid_t>(0) : std::optional<uid_t>(::geteuid()));
    }
    started.accelerator = choice.accelerator;
    started.warnings = std::move(choice.warnings);
    if (config.vsock) {
        started.vsock_cid = vsock_cid(live_xml(domain));
    }
    return started;
}

StartedVm start_paused(virConnectPtr connection, const VmConfig& config) {
    const std::string capabilities = ask_capabilities(connection);
    const std::optional<UserIds> usual = qemu_user_ids(capabilities);
    const QemuUser qemu_user = describe_user(usual.value_or(current_user_ids()));
    AcceleratorChoice choice = choose_accelerator(config.accelerator, probe_kvm("/", qemu_user));
    const std::optional<UserIds> user = user_for(identity_of(config), usual, choice.accelerator);
    give_file(config.machine.firmware.variables, user.value_or(current_user_ids()));
    const bool confined = confines_qemu(capabilities);
    if (confined && config.image && config.image->memory_parameters) {
        choice.warnings.push_back(kImageIsADisk);
    }
    const std::string xml = build_domain_xml(config, {choice.accelerator, user, confined});
    const DomainHandle domain = create_domain(connection, config, xml, VIR_DOMAIN_START_PAUSED);
    try {
        return describe_started(domain.get(), config, user, std::move(choice));
    } catch (const Error&) {
        // The caller learns of no VM, so none may stay; its own error is the one to tell.
        static_cast<void>(virDomainDestroy(domain.get()));
        throw;
    }
}

std::string attempt(const char* verb, const std::string& vm) {
    return fmt::format("cannot {} VM \"{}\"", verb, base::printable(vm));
}

}  // namespace

LibvirtHypervisor::LibvirtHypervisor(const std::string& uri) : connection_(effective_uri(uri)) {}

StartedVm LibvirtHypervisor::create_vm_paused(const VmConfig& config, Deadline deadline) {
    return connection_.call(
        attempt("start", config.name), deadline, [config](virConnectPtr connection) {
            return start_paused(connection, config);
        });
}

void LibvirtHypervisor::resume_vm(const std::string& uuid, Deadline deadline) {
    connection_.call(attempt("resume", uuid), deadline, [uuid](virConnectPtr connection) {
        resume_domain(connection, uuid);
    });
}

void LibvirtHypervisor::destroy_vm(const std::string& uuid, Deadline deadline) {
    connection_.call(
        attempt("destroy", uuid), deadline, [uuid, deadline](virConnectPtr connection) {
            destroy_domain(connection, uuid, deadline);
        });
}

void LibvirtHypervisor::plug_nic(const std::string& uuid,
                                 const sandbox::VmNic& nic,
                                 Deadline deadline) {
    connection_.call(attempt("plug an interface into", uuid),
                     deadline,
                     [uuid, nic](virConnectPtr connection) { attach_nic(connection, uuid, nic); });
}

void LibvirtHypervisor::unplug_nic(const std::string& uuid,
                                   const std::string& mac,
                                   Deadline deadline) {
    connection_.call(attempt("take an interface out of", uuid),
                     deadline,
                     [uuid, mac, deadline](virConnectPtr connection) {
                         detach_nic(connection, uuid, mac, deadline);
                     });
}

void LibvirtHypervisor::plug_disk(const std::string& uuid,
                                  const sandbox::VmDisk& disk,
                                  Deadline deadline) {
    connection_.call(
        attempt("plug a disk into", uuid), deadline, [uuid, disk](virConnectPtr connection) {
            attach_disk(connection, uuid, disk);
        });
}

void LibvirtHypervisor::unplug_disk(const std::string& uuid,
                                    const std::string& serial,
                                    Deadline deadline) {
    connection_.call(attempt("take a disk out of", uuid),
                     deadline,
                     [uuid, serial, deadline](virConnectPtr connection) {
                         detach_disk(connection, uuid, serial, deadline);
                     });
}

void LibvirtHypervisor::resize_disk(const std::string& uuid,
                                    const std::string& serial,
                                    std::uint64_t bytes,
                                    Deadline deadline) {
    connection_.call(attempt("resize a disk of", uuid),
                     deadline,
                     [uuid, serial, bytes](virConnectPtr connection) {
                         libvirt_driver::resize_disk(connection, uuid, serial, bytes);
                     });
}

void LibvirtHypervisor::plug_host_device(const std::string& uuid,
                                         const sandbox::VmHostDevice& device,
                                         Deadline deadline) {
    connection_.call(
        attempt("plug a device into", uuid), deadline, [uuid, device](virConnectPtr connection) {
            attach_host_device(connection, uuid, device);
        });
}

void LibvirtHypervisor::unplug_host_device(const std::string& uuid,
                                           const std::string& name,
                                           Deadline deadline) {
    connection_.call(attempt("take a device out of", uuid),
                     deadline,
                     [uuid, name, deadline](virConnectPtr connection) {
                         detach_host_device(connection, uuid, name, deadline);
                     });
}

std::vector<std::string> LibvirtHypervisor::pci_paths(const std::string& uuid,
                                                      const std::vector<std::string>& names,
                                                      Deadline deadline) {
    return connection_.call(
        attempt("find devices of", uuid), deadline, [uuid, names](virConnectPtr connection) {
            return live_pci_paths(connection, uuid, names);
        });
}

std::uint64_t LibvirtHypervisor::plug_memory(const std::string& uuid,
                                             std::uint64_t memory_mib,
                                             Deadline deadline) {
    return connection_.call(
        attempt("plug memory into", uuid), deadline, [uuid, memory_mib](virConnectPtr connection) {
            return attach_memory(connection, uuid, memory_mib);
        });
}

void LibvirtHypervisor::pin_vcpus(const std::string& uuid,
                                  const std::vector<std::vector<unsigned>>& cpus,
                                  Deadline deadline) {
    connection_.call(
        attempt("pin the vCPUs of", uuid), deadline, [uuid, cpus](virConnectPtr connection) {
            pin_domain_vcpus(connection, uuid, cpus);
        });
}

VmState LibvirtHypervisor::vm_state(const std::string& uuid, Deadline deadline) {
    return connection_.call(
        attempt("ask the state of", uuid), deadline, [uuid](virConnectPtr connection) {
            return domain_state(connection, uuid);
        });
}

sandbox::VmUser LibvirtHypervisor::vm_user(const sandbox::VmIdentity& vm, Deadline deadline) {
    if (const auto own = own_user_of_running({}, vm.uuid)) {
        return {own->uid, own->gid, {own->gid}};
    }
    return connection_.call("cannot ask the user of VMs", deadline, [vm](virConnectPtr connection) {
        const std::optional<UserIds> usual = ask_qemu_user(connection);
        const QemuUser qemu_user = describe_user(usual.value_or(current_user_ids()));
        if (!vm.own_user) {
            return sandbox::VmUser{qemu_user.uid, qemu_user.gid, qemu_user.groups};
        }
        const auto choice = choose_accelerator(vm.accelerator, probe_kvm("/", qemu_user));
        const UserIds own = *user_for(vm, usual, choice.accelerator);
        return sandbox::VmUser{own.uid, own.gid, {own.gid}};
    });
}

HypervisorVersion LibvirtHypervisor::version(Deadline deadline) {
    HypervisorVersion version = connection_.call(
        "cannot ask the version of libvirt", deadline, [](virConnectPtr connection) {
            HypervisorVersion answer;
            answer.daemon = version_of(
                connection, virConnectGetLibVersion, "cannot ask the version of the daemon");
            answer.hypervisor =
                version_of(connection, virConnectGetVersion, "cannot ask the version of QEMU");
            return answer;
        });
    unsigned long library = 0;
    if (virGetVersion(&library, nullptr, nullptr) < 0) {
        throw last_error("cannot ask the version of the libvirt library");
    }
    version.library = version_text(library);
    version.uri = connection_.uri();
    return version;
}

}  // namespace kata::libvirt_driver
