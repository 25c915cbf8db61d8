#include "pkg/sandbox/sandbox_vm.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/sandbox/guest_filesystems.h"
#include "pkg/sandbox/guest_image.h"
#include "pkg/sandbox/guest_setup.h"
#include "pkg/sandbox/machine_builder.h"
#include "pkg/sandbox/request_deadline.h"
#include "pkg/sandbox/sandbox_network.h"
#include "pkg/sandbox/share_server.h"
#include "pkg/sandbox/tombstones.h"
#include "pkg/sandbox/vcpu_pinning.h"
#include "pkg/sandbox/verified_assets.h"
#include "pkg/sandbox/vm_config_builder.h"
#include "pkg/sandbox/vm_share.h"

namespace kata::sandbox {
namespace {

using std::chrono::seconds;

constexpr seconds kBootWithKvm{30};
constexpr seconds kBootUnderEmulation{180};
// An agent that runs answers in milliseconds; a silence this long has a cause worth asking libvirt
// for.
constexpr seconds kMuteAgent{2};
constexpr std::size_t kConsoleTail = 600;

void require_guest_file(const std::filesystem::path& path, const char* what) {
    if (::access(path.c_str(), R_OK) != 0) {
        throw base::Error(base::ErrorCode::not_found,
                          std::string("cannot start a VM: ") + what + " \"" + path.native() +
                              "\": " + base::errno_text(errno) +
                              "; install it with 'make install' or set its path in "
                              "configuration.toml");
    }
}

void require_guest_files(const RuntimeConfig& config) {
    require_guest_file(config.kernel, "kernel");
    require_guest_file(booted_initrd(config), "initrd");
    if (!config.image.empty()) {
        require_guest_file(config.image, "image");
    }
}

base::Deadline boot_deadline(const RuntimeConfig& config, Accelerator accelerator) {
    if (config.boot_timeout.count() > 0) {
        return base::Deadline::after(config.boot_timeout);
    }
    return base::Deadline::after(accelerator == Accelerator::kvm ? kBootWithKvm
                                                                 : kBootUnderEmulation);
}

// What a VM said before it died is the only clue there is, and the log goes away with the sandbox.
std::string console_tail(const ContainerPlace& place) {
    std::string text = base::try_read_file(place.console_log()).value_or("");
    if (text.size() > kConsoleTail) {
        text.erase(0, text.size() - kConsoleTail);
    }
    const std::string line = base::printable(text);
    return line.empty() ? "its console is empty" : "its console ends with: " + line;
}

// @param config the context's, with the guest's files as they are used.
VmConfig plan_vm(const BootContext& context,
                 const RuntimeConfig& config,
                 const SandboxSize& size,
                 const SizeBounds& bounds,
                 const std::string& uuid) {
    const SizeBounds fixed{size.cpus, size.memory_mib};
    VmConfig vm = build_vm_config(config,
                                  size,
                                  config.static_sandbox_resource_mgmt ? fixed : bounds,
                                  context.place,
                                  context.share,
                                  uuid);
    for (const std::string& warning : fit_machine(vm, config.machine, host_layout("/"))) {
        context.log.warning(warning);
    }
    return vm;
}

SandboxRecord new_record(const BootContext& context, const VmConfig& vm, const SandboxSize& size) {
    SandboxRecord record;
    record.id = context.place.sandbox_id;
    record.vm_name = vm.name;
    record.ready = false;
    record.vm_uuid = vm.uuid;
    record.port_count = static_cast<unsigned>(vm.ports.size());
    record.default_cpus = context.config.default_vcpus;
    record.default_memory_mib = context.config.default_memory_mib;
    record.cpus = size.cpus;
    record.max_cpus = vm.vcpus;
    record.boot_memory_mib = vm.memory_mib;
    record.max_memory_mib = vm.max_memory_mib;
    record.copies_files = context.config.shared_fs == SharedFs::none;
    record.config_annotations = context.config.annotations;
    return record;
}

StartedVm start_paused(const BootContext& context, const VmConfig& vm, SandboxRecord& record) {
    const auto deadline = base::Deadline::after(context.config.libvirt_timeout);
    Tombstones(context.config.tombstone_dir).finish(context.vm.hypervisor(), context.log, deadline);
    StateStore::save_sandbox(context.place, record);
    context.journal.record(Effect::Kind::vm, vm.uuid);
    StartedVm started = context.vm.hypervisor().create_vm_paused(vm, deadline);
    for (const std::string& warning : started.warnings) {
        context.log.warning(warning);
    }
    record.vm_pid = started.pid;
    record.vsock_cid = started.vsock_cid;
    StateStore::save_sandbox(context.place, record);
    require_verified_emulator(context.config, started.pid, context.vm);
    return started;
}

// What libvirt cannot serve by itself is served before QEMU looks for it.
std::optional<ShareServer> serve_share(const BootContext& context, VmConfig& vm) {
    if (!vm.share || !needs_own_server(context.config)) {
        return std::nullopt;
    }
    const auto deadline = base::Deadline::after(context.config.libvirt_timeout);
    const VmIdentity identity = vm_identity(context.config, vm.uuid);
    auto server = ShareServer::start({context.config,
                                      context.place,
                                      context.share,
                                      context.cgroup,
                                      context.journal,
                                      context.vm.hypervisor().vm_user(identity, deadline)});
    vm.share->socket = server.socket();
    return server;
}

StartedVm start_with_share(const BootContext& context, VmConfig& vm, SandboxRecord& record) {
    const std::optional<ShareServer> server = serve_share(context, vm);
    try {
        return start_paused(context, vm, record);
    } catch (const base::Error& error) {
        throw server ? server->explained(error) : error;
    }
}

std::unique_ptr<Agent> greet_booting_agent(const BootContext& context,
                                           const SandboxRecord& record,
                                           base::Deadline deadline) {
    try {
        return context.vm.agents().connect(agent_address(context.place, record), deadline);
    } catch (const base::Error& error) {
        if (error.code() == base::ErrorCode::interrupted) {
            throw;
        }
        throw base::Error(error.code(),
                          "cannot reach the agent in VM \"" + record.vm_name + "\"",
                          std::string(error.what()) + "; " + console_tail(context.place));
    }
}

}  // namespace

AgentAddress agent_address(const ContainerPlace& place, const SandboxRecord& record) {
    return {place.ports_dir(), record.port_count, record.vsock_cid};
}

BootedSandbox boot_sandbox(const BootContext& context) {
    RuntimeConfig config = context.config;
    require_guest_files(config);
    replace_pflashes(config.machine);
    require_machine_files(config.machine);
    require_share_in_guest(config);
    use_verified_assets(config, context.place, context.journal, context.vm);
    context.steps.begin("start VM");
    base::make_directories(context.place.ports_dir());
    const SizeBounds bounds = size_bounds(context.config, host_size());
    const SandboxSize size = sandbox_size(context.config, bounds, {context.spec});
    const std::string uuid = random_uuid();
    SandboxNetwork network({context.config,
                            context.log,
                            context.journal,
                            context.network_namespace,
                            context.lasting_network,
                            uuid});
    network.plan();
    VmConfig vm = plan_vm(context, config, size, bounds, uuid);
    vm.nics = network.nics();
    vm.disks = context.disks.provide(uuid);
    if (context.vfio != nullptr) {
        vm.host_devices = context.vfio->provide(uuid);
    }
    if (config.guest_swap) {
        vm.disks.push_back(context.disks.provide_swap(uuid, vm.memory_mib));
    }
    if (!config.image.empty()) {
        vm.image = describe_image(config);
    }
    SandboxRecord record = new_record(context, vm, size);
    record.network = network.record();
    const StartedVm started = start_with_share(context, vm, record);

    context.steps.begin("account VM");
    note_libvirt_cgroups(started.pid, context.journal);
    context.cgroup.add(started.pid);
    for (const pid_t helper : started.helpers) {
        context.cgroup.add_with_children(helper);
    }
    pin_vcpus(config, record, {context.spec}, context.vm.hypervisor());
    network.connect(started.pid);
    context.vm.hypervisor().resume_vm(vm.uuid,
                                      base::Deadline::after(context.config.libvirt_timeout));

    context.steps.begin("boot guest");
    auto agent =
        greet_booting_agent(context, record, boot_deadline(context.config, started.accelerator));
    context.steps.begin("set up sandbox");
    agent->create_sandbox(guest_setup(config, record.id), request_deadline(context.config));
    network.set_up_guest(*agent);
    record.ready = true;
    StateStore::save_sandbox(context.place, record);
    return {std::move(record), std::move(agent)};
}

std::unique_ptr<Agent> connect_agent(VmBackend& vm,
                                     const ContainerPlace& place,
                                     base::Deadline deadline) {
    const SandboxRecord record = StateStore::load_sandbox(place);
    try {
        return vm.agents().connect(agent_address(place, record), deadline.at_most(kMuteAgent));
    } catch (const base::Error& error) {
        if (error.code() != base::ErrorCode::timeout) {
            throw;
        }
        if (vm.hypervisor().vm_state(record.vm_uuid, deadline) == VmState::paused) {
            throw base::Error(base::ErrorCode::unavailable,
                              "the sandbox VM is paused; run 'virsh resume " + record.vm_name +
                                  "' and try again");
        }
    }
    return vm.agents().connect(agent_address(place, record), deadline);
}

}  // namespace kata::sandbox
