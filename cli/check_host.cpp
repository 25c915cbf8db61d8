#include "cli/check_host.h"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "cli/vm_library.h"
#include "pkg/base/error.h"
#include "pkg/host/probe.h"
#include "pkg/sandbox/config/load.h"
#include "pkg/sandbox/guest_image.h"

namespace kata::cli {
namespace {

constexpr std::chrono::seconds kLibvirtTime{15};

host::Acceleration acceleration_of(sandbox::Accelerator accelerator) {
    switch (accelerator) {
        case sandbox::Accelerator::kvm:
            return host::Acceleration::kvm;
        case sandbox::Accelerator::tcg:
            return host::Acceleration::tcg;
        case sandbox::Accelerator::automatic:
            break;
    }
    return host::Acceleration::automatic;
}

std::filesystem::path own_program() {
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/self/exe", ignored);
}

std::filesystem::path config_file(const std::filesystem::path& named) {
    if (!named.empty()) {
        return named;
    }
    std::error_code ignored;
    const auto places = sandbox::default_config_paths();
    const auto found = std::ranges::find_if(
        places, [&](const auto& place) { return std::filesystem::exists(place, ignored); });
    return found == places.end() ? std::filesystem::path() : *found;
}

void load_configuration(const std::filesystem::path& file, HostReport& report) {
    try {
        const auto loaded = sandbox::load_config_with_origins(file);
        report.config = loaded.config;
        report.vain_settings = sandbox::settings_without_effect(loaded);
    } catch (const base::Error& failure) {
        report.host.configuration_error = base::printable(failure.what());
        report.config = sandbox::built_in_config();
    }
}

host::Answer ask_libvirt(const std::string& uri) {
    host::Answer answer;
    answer.uri = uri.empty() ? "qemu:///system" : uri;
    VmLibrary vm(uri);
    try {
        vm.load();
    } catch (const base::Error& failure) {
        answer.missing_library = base::printable(failure.what());
        return answer;
    }
    try {
        const auto version = vm.hypervisor().version(base::Deadline::after(kLibvirtTime));
        return {.uri = version.uri,
                .missing_library = {},
                .error = {},
                .library = version.library,
                .daemon = version.daemon,
                .hypervisor = version.hypervisor};
    } catch (const base::Error& failure) {
        answer.error = base::printable(failure.what());
        return answer;
    }
}

}  // namespace

host::Wanted wanted_by(const sandbox::RuntimeConfig& config) {
    const bool mirrors = config.internetworking_model == sandbox::InternetworkingModel::tcfilter;
    return {.acceleration = acceleration_of(config.accelerator),
            .kernel = config.kernel,
            .initrd = sandbox::booted_initrd(config),
            .image = config.image,
            .rootfs_type = config.rootfs_type,
            .emulator = config.emulator,
            .memory_mib = config.default_memory_mib,
            .vsock = config.use_vsock,
            .vhost_net = !config.disable_vhost_net,
            .mirrored_network = mirrors,
            .state_dir = config.state_dir,
            .program = own_program(),
            .assets_dir = sandbox::built_in_config().kernel.parent_path(),
            .shim = config.shim_path,
            .vm_library = vm_library_path(own_program())};
}

HostReport report_host(const GlobalOptions& global) {
    HostReport report;
    report.config_file = config_file(global.config);
    load_configuration(global.config, report);
    // First of all: asking may start the daemon, which the probe then sees.
    host::Answer answer = ask_libvirt(report.config.libvirt_uri);
    std::string error = std::move(report.host.configuration_error);
    report.host = host::probe_host(host::Roots(), wanted_by(report.config));
    report.host.libvirt = std::move(answer);
    report.host.configuration_error = std::move(error);
    return report;
}

}  // namespace kata::cli
