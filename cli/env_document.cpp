#include "cli/env_document.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "pkg/host/checks.h"
#include "pkg/host/text.h"
#include "pkg/oci/default_spec.h"
#include "pkg/sandbox/vfio_plan.h"
#include "pkg/sandbox/vm_config_builder.h"

namespace kata::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormatVersion = "1.0.27";
constexpr const char* kUnknown = "<<unknown>>";
constexpr const char* kNotFound = "<<not found>>";

std::string or_else(const std::string& text, const char* instead) {
    return text.empty() ? instead : text;
}

const char* shared_fs_name(sandbox::SharedFs shared_fs) {
    switch (shared_fs) {
        case sandbox::SharedFs::virtio_fs:
            return "virtio-fs";
        case sandbox::SharedFs::virtio_9p:
            return "virtio-9p";
        case sandbox::SharedFs::none:
            break;
    }
    return "none";
}

/// {Semver, Major, Minor, Patch, Commit} of "1.2.3-rc1"
Json version_parts() {
    const std::string semver = KATA_VERSION;
    const auto parts = host::split(semver.substr(0, semver.find_first_of("-+")), '.');
    const auto part = [&](std::size_t index) {
        return index < parts.size() ? host::number_of(parts[index]).value_or(0) : 0;
    };
    return {{"Semver", semver},
            {"Commit", KATA_COMMIT},
            {"Major", part(0)},
            {"Minor", part(1)},
            {"Patch", part(2)}};
}

Json runtime(const HostReport& report) {
    const auto& config = report.config;
    return {{"Debug", config.enable_debug},
            {"Trace", false},
            {"DisableGuestSeccomp", config.disable_guest_seccomp},
            {"DisableNewNetNs", config.disable_new_netns},
            {"SandboxCgroupOnly", config.sandbox_cgroup_only},
            {"Experimental", Json::array()},
            {"Path", report.host.wanted.program.native()},
            {"GuestSeLinuxLabel", ""},
            {"Version",
             {{"Semver", KATA_VERSION},
              {"Commit", KATA_COMMIT},
              {"OCI", oci::kOciVersion},
              {"Version", version_parts()}}},
            {"Config",
             {{"Path", or_else(report.config_file, kNotFound)},
              {"Error", report.host.configuration_error},
              {"WithoutEffect", report.vain_settings}}}};
}

std::string emulator_version(const host::Host& host) {
    if (!host.emulator_version.empty()) {
        return host.emulator_version;
    }
    // libvirt answers for the QEMU of its choice, which is not one that was configured.
    if (!host.wanted.emulator.empty()) {
        return host.emulator.empty() ? kNotFound : kUnknown;
    }
    return or_else(host.libvirt.hypervisor, kUnknown);
}

/// The one that was configured also where it is missing, as its version then says.
std::string emulator_path(const host::Host& host) {
    return or_else(host.wanted.emulator.empty() ? host.emulator : host.wanted.emulator, kNotFound);
}

std::string disk_driver(const sandbox::RuntimeConfig& config) {
    if (config.disable_block_device_use) {
        return "";
    }
    return config.block_device_driver == sandbox::DiskDriver::virtio_scsi ? "virtio-scsi"
                                                                          : "virtio-blk";
}

Json hypervisor(const HostReport& report) {
    const auto& config = report.config;
    const auto& host = report.host;
    return {{"MachineType", config.machine_type},
            {"Version", emulator_version(host)},
            {"Path", emulator_path(host)},
            {"BlockDeviceDriver", disk_driver(config)},
            {"EntropySource", config.machine.entropy_source.native()},
            {"SharedFS", shared_fs_name(config.shared_fs)},
            {"VirtioFSDaemon",
             or_else(config.virtio_fs_daemon.empty() ? host.virtiofsd.native()
                                                     : config.virtio_fs_daemon.native(),
                     kNotFound)},
            {"SocketPath", host.as_root ? config.state_dir.native() : kUnknown},
            {"Msize9p", config.msize_9p},
            {"MemorySlots", config.memory_slots},
            {"HotPlugVFIO", sandbox::pci_port_word(config.machine.hot_plug_vfio)},
            {"ColdPlugVFIO", sandbox::pci_port_word(config.machine.cold_plug_vfio)},
            {"HotplugVFIOOnRootBus", false},
            {"PCIeRootPort", config.pcie_root_ports},
            {"PCIeSwitchPort", config.machine.pcie_switch_ports},
            {"Debug", config.guest_debug},
            {"UseVSock", config.use_vsock},
            {"SecurityInfo",
             {{"Rootless", config.machine.rootless},
              {"DisableSeccomp", false},
              {"GuestHookPath", config.guest_hook_path},
              {"EnableAnnotations", config.enable_annotations},
              {"ConfidentialGuest", false}}}};
}

Json guest_kernel(const HostReport& report) {
    const auto& file = report.host.guest_kernel;
    const std::string ours = sandbox::standard_kernel_parameters(report.config);
    const std::string& theirs = report.config.kernel_params;
    return {{"Path", file.path.native()},
            {"Parameters", ours + (theirs.empty() ? "" : " " + theirs)},
            {"Version", or_else(file.releases.empty() ? "" : file.releases.front(), kUnknown)},
            {"Found", file.format != host::GuestFormat::missing}};
}

bool is_found(const host::GuestFile& file) {
    return file.format != host::GuestFormat::missing;
}

/// One of image and initrd has a path, as in the documents of Kata Containers; the other is empty.
Json guest_image(const host::Host& host) {
    const auto& file = host.guest_image;
    const bool used = !file.path.empty();
    return {{"Path", file.path.native()},
            {"Found", is_found(file)},
            {"Loader", used ? host.guest_initrd.path.native() : ""}};
}

Json guest_initrd(const host::Host& host) {
    const auto& file = host.guest_initrd;
    const bool used = host.wanted.image.empty();
    return {{"Path", used ? file.path.native() : ""}, {"Found", used && is_found(file)}};
}

/// There is no such process; its work is done elsewhere.
Json no_process(const char* type) {
    return {{"Type", type}, {"Version", ""}, {"Path", ""}, {"Debug", false}};
}

Json shim(const HostReport& report) {
    const std::string& version = report.host.shim_version;
    return {{"Type", "kataShim"},
            {"Version", version.empty() ? kUnknown : "kata-shim version " + version},
            {"Path", report.config.shim_path.native()},
            {"Debug", report.config.enable_debug}};
}

Json agent(const HostReport& report) {
    return {{"Type", "kata"},
            {"Version", or_else(report.host.guest_root().agent_version, kUnknown)},
            {"Debug", report.config.agent_debug},
            {"Trace", false},
            {"TraceMode", ""},
            {"TraceType", ""}};
}

Json netmon(const HostReport& report) {
    const bool on = report.config.enable_netmon;
    return {{"Version", "kata-netmon version " KATA_VERSION},
            {"Path", report.host.wanted.program.native()},
            {"Debug", report.config.enable_debug},
            {"Enable", on}};
}

Json libvirt(const host::Host& host) {
    const auto choice = host::choose_acceleration(host);
    const host::Answer& answer = host.libvirt;
    return {{"URI", answer.uri},
            {"Reachable", answer.arrived()},
            {"Error", answer.error},
            {"Daemon", or_else(host.daemon.name, kNotFound)},
            {"DaemonVersion", or_else(answer.daemon, kUnknown)},
            {"LibraryVersion", or_else(answer.library, kUnknown)},
            {"HypervisorVersion", or_else(answer.hypervisor, kUnknown)},
            {"IdleTimeout", host.daemon.idle_timeout},
            {"User", host.qemu_user.name},
            {"Accelerator", choice.acceleration == host::Acceleration::kvm ? "kvm" : "tcg"},
            {"AcceleratorReason", choice.reason}};
}

Json machine(const host::Host& host) {
    const std::string& machine = host.architecture;
    return {{"Kernel", or_else(host.kernel, kUnknown)},
            // As Go names it.
            {"Architecture", machine == "x86_64" ? "amd64" : machine},
            {"VMContainerCapable", host::is_capable(host::examine(host))},
            {"SupportVSocks", host.module("vhost_vsock").works() && host.vhost_vsock.exists},
            {"AvailableGuestProtections", Json::array({"none"})},
            {"Distro",
             {{"Name", or_else(host.distribution.name, kUnknown)},
              {"Version", or_else(host.distribution.version, kUnknown)}}},
            {"CPU",
             {{"Vendor", or_else(host.processor.vendor, kUnknown)},
              {"Model", or_else(host.processor.model, kUnknown)},
              {"CPUs", host.processor.count}}},
            {"Memory",
             {{"Total", host.memory.total},
              {"Free", host.memory.free},
              {"Available", host.memory.available}}}};
}

}  // namespace

Json env_document(const HostReport& report) {
    return {{"Meta", {{"Version", kFormatVersion}}},
            {"Runtime", runtime(report)},
            {"Hypervisor", hypervisor(report)},
            {"Image", guest_image(report.host)},
            {"Kernel", guest_kernel(report)},
            {"Initrd", guest_initrd(report.host)},
            {"Proxy", no_process("noProxy")},
            {"Shim", shim(report)},
            {"Agent", agent(report)},
            {"Libvirt", libvirt(report.host)},
            {"Host", machine(report.host)},
            {"Netmon", netmon(report)}};
}

}  // namespace kata::cli
