#include "pkg/sandbox/container_creation.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/sandbox/cdi_annotations.h"
#include "pkg/sandbox/container_access.h"
#include "pkg/sandbox/container_disks.h"
#include "pkg/sandbox/devices.h"
#include "pkg/sandbox/guest_log_relay.h"
#include "pkg/sandbox/guest_spec.h"
#include "pkg/sandbox/lent_rootfs.h"
#include "pkg/sandbox/network_refresh.h"
#include "pkg/sandbox/pod.h"
#include "pkg/sandbox/request_deadline.h"
#include "pkg/sandbox/resize.h"
#include "pkg/sandbox/root_disk.h"
#include "pkg/sandbox/sandbox_vfio.h"
#include "pkg/sandbox/sandbox_vm.h"
#include "pkg/sandbox/undo.h"
#include "pkg/sandbox/vcpu_pinning.h"

namespace kata::sandbox {
namespace {

using std::chrono::seconds;

constexpr seconds kHooks{300};
constexpr seconds kLeaveGuest{10};

CgroupPlace cgroup_place_of(const RuntimeConfig& config,
                            const oci::Spec& spec,
                            const ContainerPlace& place) {
    const std::string wanted = spec.linux_ ? spec.linux_->cgroups_path : "";
    return plan_cgroup(config, wanted, place.id, place.sandbox_id, runs_systemd());
}

base::Deadline create_deadline(const RuntimeConfig& config) {
    return config.create_container_timeout.count() > 0
               ? base::Deadline::after(config.create_container_timeout)
               : request_deadline(config);
}

// An engine that binds its own file there may also run the resolver that the file names, now or
// once it has connected the container to a network.
bool has_managed_resolv_conf(const oci::Spec& spec) {
    return std::any_of(spec.mounts.begin(), spec.mounts.end(), [](const oci::Mount& mount) {
        return mount.destination == "/etc/resolv.conf";
    });
}

ContainerRecord new_record(const ContainerPlace& place, const oci::Bundle& bundle, bool joins_pod) {
    ContainerRecord record;
    record.id = place.id.str();
    record.sandbox_id = place.sandbox_id;
    record.root = place.root.native();
    record.bundle = bundle.path;
    record.rootfs = bundle.rootfs;
    record.created = std::chrono::system_clock::now();
    record.creator = base::find_process(::getpid()).value_or(base::ProcessId{});
    record.oci_version = bundle.spec.oci_version;
    record.annotations = bundle.spec.annotations;
    record.owns_sandbox = !joins_pod;
    return record;
}

base::Error unfinished_sandbox(const ContainerPlace& place) {
    return {base::ErrorCode::invalid_state,
            "cannot join the VM of pod sandbox \"" + place.sandbox_id +
                "\", whose creation was not finished; delete it and create it anew"};
}

SandboxRecord load_pod_sandbox(const ContainerPlace& place) {
    try {
        SandboxRecord record = StateStore::load_sandbox(place);
        if (record.ready) {
            return record;
        }
    } catch (const base::Error& error) {
        if (error.code() != base::ErrorCode::not_found) {
            throw;
        }
    }
    throw unfinished_sandbox(place);
}

}  // namespace

ContainerCreation::ContainerCreation(const RuntimeConfig& config,
                                     VmBackend& vm,
                                     base::Log& log,
                                     const CreateRequest& request,
                                     const oci::Bundle& bundle,
                                     const ContainerPlace& place,
                                     bool joins_pod)
    : config_(config),
      vm_(vm),
      log_(log),
      request_(request),
      bundle_(bundle),
      place_(place),
      joins_pod_(joins_pod),
      steps_(log, "create"),
      journal_(place.journal(), place.id.str()),
      sandbox_journal_(place.journal(), ""),
      share_(config.share_dir, place.sandbox_id),
      cgroup_place_(cgroup_place_of(config, bundle.spec, place)),
      cgroup_(HostCgroup::at(cgroup_place_.path)),
      vfio_plug_(vfio_plug(config, joins_pod)),
      record_(new_record(place, bundle, joins_pod)) {}

base::ProcessId ContainerCreation::run() {
    steps_.begin("save state");
    save_record(oci::Status::creating);
    StateStore::save_spec(place_, bundle_.spec);
    plan();
    steps_.begin("launch shim");
    launch_shim();
    steps_.begin("run hooks");
    run_hooks(oci::HookStage::prestart, false);
    run_hooks(oci::HookStage::create_runtime, false);
    steps_.begin("share files");
    share_files();
    run_hooks(oci::HookStage::create_container, true);
    shim_->request(ShimPivotRequest{}, base::Deadline::after(kShimAnswer));
    enter_sandbox();
    if (config_.shared_fs == SharedFs::none) {
        steps_.begin("copy files");
        copy_files();
    }
    steps_.begin("create container");
    create_in_guest();
    steps_.begin("hand over");
    hand_over();
    save_record(oci::Status::created);
    relay_guest_log(config_, place_, log_);
    write_pid_file();
    return record_.shim;
}

void ContainerCreation::plan() {
    if (joins_pod_) {
        static_cast<void>(
            load_pod_sandbox(place_));  // nothing is made for one that cannot be joined
    }
    namespaces_ = resolve_namespaces(
        bundle_.spec, joins_pod_ ? pod_members(place_) : std::vector<PodMember>{}, joins_pod_);
    disks_ = plan_container_disks(bundle_.spec, config_, volume_store(config_), place_.sandbox_id);
    vfio_ = plan_vfio(bundle_.spec, disks_.hardware, vfio_plug_);
    cdi_ = cdi_annotations(bundle_.spec, vfio_, given_groups(place_, log_));
    mounts_ = plan_mounts(bundle_, place_.id.str(), disks_.mounts);
    for (const std::string& warning : mounts_.warnings) {
        log_.warning(warning);
    }
    for (const std::string& warning : disks_.warnings) {
        log_.warning(warning);
    }
    plan_devices();
    plan_root();
    for (const PlannedDisk& disk : disks_.disks) {
        record_.disks.push_back(disk.serial);
    }
}

void ContainerCreation::plan_devices() {
    for (const std::string& warning :
         warnings_of_devices(bundle_.spec, disks_.guest.nodes, vfio_.nodes)) {
        log_.warning(warning);
    }
    disks_.guest.host_devices = vfio_.guest;
    for (const PlannedGroup& group : vfio_.groups) {
        record_.disks.push_back(group.name);
    }
}

// Before the shim is launched: its mount namespace must not have the root, either.
void ContainerCreation::plan_root() {
    if (config_.disable_block_device_use) {
        return;
    }
    std::string why_not;
    if (const auto root = find_root_disk(bundle_, why_not)) {
        make_mount_points();
        if (lend_rootfs(*root, journal_, log_)) {
            add_root_disk(disks_, *root, config_.block_device_driver);
        }
    } else if (!why_not.empty()) {
        log_.debug("the root file system on a block device is shared with the VM: " + why_not);
    }
}

// Nobody can make them later in a root that is read-only.
void ContainerCreation::make_mount_points() const {
    if (oci::has_read_only_root(bundle_)) {
        for (const MountPoint& point : missing_mount_points(bundle_.spec, mounts_)) {
            make_mount_point(bundle_.rootfs, point.destination, point.as_file);
        }
    }
}

DiskContext ContainerCreation::disk_context() {
    return {config_, vm_, log_, place_, journal_, sandbox_journal_, [this](const auto& volume) {
                volume_store(config_).claim(volume, place_.sandbox_id);
            }};
}

void ContainerCreation::save_record(oci::Status status) {
    record_.last_status = status;
    StateStore::save_container(place_, record_);
}

void ContainerCreation::launch_shim() {
    const bool terminal = bundle_.spec.process && bundle_.spec.process->terminal;
    shim_ = ShimProcess::launch({config_.shim_path,
                                 shim_namespaces(bundle_.spec),
                                 request_.console_socket,
                                 terminal && !request_.foreground});
    record_.shim = shim_->id();
    save_record(oci::Status::creating);
    enter_cgroup();
}

void ContainerCreation::enter_cgroup() {
    Journal& journal = config_.sandbox_cgroup_only ? sandbox_journal_ : journal_;
    const bool sandbox_has_it = config_.sandbox_cgroup_only && joins_pod_;
    if (cgroup_place_.scope && !sandbox_has_it) {
        cgroup_.record(journal);
        start_scope(*cgroup_place_.scope, record_.shim.pid, vm_, journal, log_);
    }
    cgroup_.create(journal, sandbox_journal_);
    if (bundle_.spec.linux_ && !config_.sandbox_cgroup_only) {
        cgroup_.limit(bundle_.spec.linux_->resources.cpu);
    }
    cgroup_.add(record_.shim.pid);
}

void ContainerCreation::run_hooks(oci::HookStage stage, bool in_container) {
    oci::HookContext context{hook_state(record_, oci::Status::creating), bundle_.path, {}};
    if (in_container) {
        const std::string namespaces = "/proc/" + std::to_string(record_.shim.pid) + "/ns/";
        for (const char* name : {"ipc", "uts", "net", "mnt"}) {
            context.enter_namespaces.push_back(namespaces + name);
        }
    }
    oci::run_hooks(bundle_.spec.hooks, stage, context, base::Deadline::after(kHooks));
}

void ContainerCreation::enter_sandbox() {
    if (joins_pod_) {
        steps_.begin("join sandbox");
        address_ = agent_address(place_, load_pod_sandbox(place_));
        agent_ = connect_agent(vm_, place_, request_deadline(config_));
        const std::string uuid = StateStore::load_sandbox(place_).vm_uuid;
        SandboxDisks(disk_context(), disks_).plug(uuid);
        SandboxVfio(disk_context(), vfio_).plug(uuid);
        const auto specs = living_specs(place_, bundle_.spec);
        SandboxResize(config_, vm_.hypervisor(), *agent_, log_, place_).grow(specs);
        pin_vcpus(config_, load_pod_sandbox(place_), specs, vm_.hypervisor());
        return;
    }
    SandboxDisks disks(disk_context(), disks_);
    SandboxVfio vfio(disk_context(), vfio_);
    BootedSandbox booted = boot_sandbox({config_,
                                         vm_,
                                         log_,
                                         steps_,
                                         place_,
                                         bundle_.spec,
                                         share_,
                                         disks,
                                         vfio_plug_.at_start ? &vfio : nullptr,
                                         cgroup_,
                                         sandbox_journal_,
                                         "/proc/" + std::to_string(record_.shim.pid) + "/ns/net",
                                         lasting_network(bundle_.spec)});
    address_ = agent_address(place_, booted.record);
    agent_ = std::move(booted.agent);
    if (!vfio_plug_.at_start) {
        vfio.plug(booted.record.vm_uuid);
    }
}

void ContainerCreation::create_in_guest() {
    locate_in_guest(disks_, vm_, place_, base::Deadline::after(config_.libvirt_timeout));
    agent_->create_container(
        record_.id,
        guest_spec(
            bundle_.spec, mounts_, namespaces_, record_.id, guest_root_, disks_.guest.nodes, cdi_),
        disks_.guest,
        create_deadline(config_));
    grow_pending_volumes(config_, disks_, *agent_);
}

void ContainerCreation::hand_over() {
    const bool terminal = bundle_.spec.process && bundle_.spec.process->terminal;
    const auto deadline = request_deadline(config_);
    shim_->relay({record_.id, "", terminal, false, has_managed_resolv_conf(bundle_.spec)},
                 vm_.agents().dial(address_, deadline),
                 cgroup_.open_memory(),
                 deadline);
}

void ContainerCreation::write_pid_file() const {
    if (!request_.pid_file.empty()) {
        base::write_file_atomically(request_.pid_file, std::to_string(record_.shim.pid), 0644);
    }
}

// The VM goes on without us. A conversation that was interrupted cannot be used for this.
void ContainerCreation::leave_guest() noexcept {
    try {
        if (agent_ != nullptr) {
            agent_.reset();
            const auto deadline = base::Deadline::after(kLeaveGuest);
            connect_agent(vm_, place_, deadline)->remove_container(record_.id, deadline);
        }
    } catch (const std::exception& error) {
        log_.warning(std::string("cannot remove a container from its VM: ") + error.what());
    }
}

void ContainerCreation::undo() noexcept {
    relay_guest_log(config_, place_, log_);  // it goes away with the sandbox
    try {
        shim_.reset();
        base::send_signal(record_.shim, SIGKILL);
        const Tombstones tombstones(config_.tombstone_dir);
        const UndoContext context{vm_,
                                  log_,
                                  tombstones,
                                  base::Deadline::after(config_.libvirt_timeout),
                                  /*vm_confirmed=*/true};
        if (joins_pod_ && has_neighbours(place_)) {
            leave_guest();
            undo_one_of_pod(place_, /*owns_sandbox=*/false, context);
        } else {
            agent_.reset();
            undo_effects(Journal::load(place_.journal(), log_), context);
        }
        if (record_.shim.pid != 0) {  // there was an environment, so hooks may have worked in it
            run_poststop(bundle_.spec, record_, log_);
        }
    } catch (const std::exception& error) {
        log_.warning("cannot undo all of a failed create; run 'kata-runtime delete --force " +
                     place_.id.str() + "': " + error.what());
    }
}

}  // namespace kata::sandbox
