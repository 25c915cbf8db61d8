// The sections beside [hypervisor.qemu]: libvirt, the agent, the runtime, and those of programs and
// hypervisors that this runtime has not.
#include <array>

#include "pkg/sandbox/config.h"
#include "pkg/sandbox/config/row.h"

namespace kata::sandbox {
namespace {

using Config = RuntimeConfig;
using Value = ConfigValue;
using std::chrono::seconds;

constexpr std::string_view kLibvirt = "libvirt";
constexpr std::string_view kAgent = "agent.kata";
constexpr std::string_view kRuntime = "runtime";
constexpr std::string_view kNetmon = "netmon";
constexpr std::string_view kFactory = "factory";

constexpr std::string_view kOtherHypervisor =
    "VMs are QEMU's, run by libvirt; use [hypervisor.qemu]";
constexpr std::string_view kNoProxy = "there is no proxy: a command speaks to the agent itself";
constexpr std::string_view kOwnShim =
    "the kata-shim that was installed with kata-runtime is used; for debug messages use "
    "enable_debug below [runtime]";
constexpr std::string_view kNoTrace =
    "there are no traces; use kata-runtime --debug --log FILE, which times each step";
constexpr std::string_view kNoTemplates =
    "VM templates and caches are not served by this version; every VM is booted";
constexpr std::string_view kEnginesImages = "images are always the engine's, on the host";
constexpr std::string_view kMemoryAgent =
    "not served by this version; a guest keeps the memory that it was given";

InternetworkingModel model_of(const std::string& name) {
    if (name == "macvtap") {
        return InternetworkingModel::macvtap;
    }
    return name == "none" ? InternetworkingModel::none : InternetworkingModel::tcfilter;
}

// A row is a line.
// clang-format off
constexpr std::array kKeys = {
    obeyed(kLibvirt, "uri", kText, "\"\"", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.libvirt_uri = text(v); },
           "Where libvirt is. Empty: LIBVIRT_DEFAULT_URI, and without that qemu:///system."),
    obeyed(kLibvirt, "timeout", kWhole, "60", range(1, 3600), kNoAnnotation, "", [](Config& c, const Value& v) { c.libvirt_timeout = whole<seconds>(v); },
           "Seconds until a libvirt that does not answer is given up."),
    obeyed(kAgent, "boot_timeout", kWhole, "0", range(0, 3600), kNoAnnotation, "", [](Config& c, const Value& v) { c.boot_timeout = whole<seconds>(v); },
           "Seconds for the guest to boot. 0: 30 with KVM, 180 under emulation."),
    obeyed(kAgent, "request_timeout", kWhole, "60", range(1, 3600), kNoAnnotation, "", [](Config& c, const Value& v) { c.request_timeout = whole<seconds>(v); },
           "Seconds for one request to the agent, such as that to create a container. Four times that under emulation."),
    obeyed(kAgent, "enable_debug", kFlag, "false", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.agent_debug = flag(v); },
           "Have the agent tell its steps, and pass its lines on to the runtime's log."),
    ignored(kAgent, "enable_tracing", kFlag, "false", kAny, kSameName, "", kNoTrace),
    ignored(kAgent, "trace_mode", kText, "\"dynamic\"", one_of("dynamic static"), kSameName, "", kNoTrace),
    ignored(kAgent, "trace_type", kText, "\"isolated\"", one_of("isolated collated"), kSameName, "", kNoTrace),
    obeyed(kAgent, "kernel_modules", kTexts, "[]", kAny, kSameName, "", [](Config& c, const Value& v) { c.kernel_modules = texts(v); },
           "Modules that modprobe loads in the guest before there are containers: a name and its parameters each. One that cannot be loaded fails the sandbox."),
    obeyed(kAgent, "container_pipe_size", kWhole, "0", range(0, 1U << 31), kSameName, "", [](Config& c, const Value& v) { c.container_pipe_size = whole<std::uint32_t>(v); },
           "Bytes that each pipe behind the standard streams of a container can hold in the guest. 0: the kernel's default, 65536."),
    obeyed(kAgent, "debug_console_enabled", kFlag, "false", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.debug_console_enabled = flag(v); },
           "Let kata-runtime exec ID, without a command, open a shell of the guest itself."),
    ignored(kAgent, "dial_timeout", kWhole, "45", kAny, kNoAnnotation, "", "use boot_timeout"),
    ignored(kAgent, "cdh_api_timeout", kWhole, "50", kAny, kSameName, "", "confidential guests are not served by this version"),
    ignored(kAgent, "cdh_api_timeout_ms", kWhole, "50000", kAny, kSameName, "", "confidential guests are not served by this version"),
    ignored(kAgent, "launch_process_timeout", kWhole, "6", kAny, kNoAnnotation, "", "use request_timeout"),
    ignored(kAgent, "request_timeout_ms", kWhole, "60000", kAny, kNoAnnotation, "", "use request_timeout"),
    ignored(kAgent, "dial_timeout_ms", kWhole, "45000", kAny, kNoAnnotation, "", "use boot_timeout"),
    ignored(kAgent, "reconnect_timeout_ms", kWhole, "3000", kAny, kNoAnnotation, "", "use boot_timeout"),
    obeyed(kAgent, "create_container_timeout", kWhole, "0", range(0, 86400), kNoAnnotation, "", [](Config& c, const Value& v) { c.create_container_timeout = whole<seconds>(v); },
           "Another place for create_container_timeout of [runtime], which has the last word."),
    ignored(kAgent, "log_level", kText, "\"info\"", kAny, kNoAnnotation, "", "use enable_debug"),
    ignored(kAgent, "visible_cdi_devices", kFlag, "false", kAny, kNoAnnotation, "", "containers ask for devices of the guest by annotations, cdi.k8s.io/name"),
    ignored(kAgent, "server_port", kWhole, "1024", kAny, kNoAnnotation, "", "the agent's ports are not configurable"),
    ignored(kAgent, "log_port", kWhole, "1025", kAny, kNoAnnotation, "", "the agent's ports are not configurable"),
    ignored(kAgent, "passfd_listener_port", kWhole, "1027", kAny, kNoAnnotation, "", "the agent's ports are not configurable"),
    ignored("agent.kata.mem_agent", "*", kText, "\"\"", kAny, kNoAnnotation, "", kMemoryAgent),
    obeyed(kRuntime, "enable_debug", kFlag, "false", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.enable_debug = flag(v); },
           "As if --debug were given with every command."),
    obeyed(kRuntime, "internetworking_model", kText, "\"tcfilter\"", one_of("tcfilter macvtap none default", "bridged=tcfilter l3forwarding=tcfilter"), kSameName, "", [](Config& c, const Value& v) { c.internetworking_model = model_of(text(v)); },
           "How the VM is connected to its container's interfaces: by a tap and tc rules, by a macvtap on them, or not at all. default is tcfilter; bridged and l3forwarding are taken as that, too, with a warning."),
    obeyed(kRuntime, "disable_new_netns", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.disable_new_netns = flag(v); },
           "Allow containers without a network namespace, and make none. Needs internetworking_model = \"none\" and goes without netmon."),
    obeyed(kRuntime, "sandbox_cgroup_only", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.sandbox_cgroup_only = flag(v); },
           "Keep all processes of a sandbox in one cgroup beside that of its container, without limits of the runtime's."),
    obeyed(kRuntime, "disable_guest_seccomp", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.disable_guest_seccomp = flag(v); },
           "Leave the seccomp profiles of containers out. Kata Containers does so by default."),
    ignored(kRuntime, "enable_tracing", kFlag, "false", kAny, kNoAnnotation, "", kNoTrace),
    ignored(kRuntime, "jaeger_endpoint", kText, "\"\"", kAny, kNoAnnotation, "", kNoTrace),
    ignored(kRuntime, "jaeger_user", kText, "\"\"", kAny, kNoAnnotation, "", kNoTrace),
    ignored(kRuntime, "jaeger_password", kText, "\"\"", kAny, kNoAnnotation, "", kNoTrace),
    ignored(kRuntime, "enable_pprof", kFlag, "false", kAny, kSameName, "", "it profiles programs in Go; use perf(1)"),
    ignored(kRuntime, "experimental", kTexts, "[]", kAny, kSameName, "", "there are no experimental features"),
    obeyed(kRuntime, "enable_vcpus_pinning", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.enable_vcpus_pinning = flag(v); },
           "Keep each vCPU on a CPU of its own as long as a sandbox has as many of them on line as its containers' cpusets have CPUs."),
    ignored(kRuntime, "guest_selinux_label", kText, "\"\"", kAny, kSameName, "", "a guest has no SELinux"),
    obeyed(kRuntime, "static_sandbox_resource_mgmt", kFlag, "false", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.static_sandbox_resource_mgmt = flag(v); },
           "A VM keeps the size that it is started with: that of its first container, or of the pod where CRI says it."),
    obeyed(kRuntime, "sandbox_bind_mounts", kTexts, "[]", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.sandbox_bind_mounts = texts(v); },
           "Files and directories of the host that every guest has, by their base names, in /run/kata-containers/shared/containers/sandbox-mounts. Read-only, unless :rw follows the path."),
    ignored(kRuntime, "shared_mounts", kTables, "[]", kAny, kSameName, "", "containers of a pod share files through volumes of their engine"),
    ignored(kRuntime, "vfio_mode", kText, "\"guest-kernel\"", one_of("guest-kernel vfio"), kSameName, "", "the guest's own drivers take the devices"),
    ignored(kRuntime, "disable_guest_empty_dir", kFlag, "false", kAny, kNoAnnotation, "", "emptyDir volumes on a disk are always the host's"),
    ignored(kRuntime, "emptydir_mode", kText, "\"shared-fs\"", one_of("shared-fs block-encrypted block-plain"), kNoAnnotation, "", "emptyDir volumes on a disk are always the host's"),
    obeyed(kRuntime, "create_container_timeout", kWhole, "0", range(0, 86400), kSameName, "", [](Config& c, const Value& v) { c.create_container_timeout = whole<seconds>(v); },
           "Seconds for the guest to create one container, its hooks included. 0: as request_timeout below [agent.kata]."),
    ignored(kRuntime, "dan_conf", kPath, "\"/run/kata-containers/dans\"", kAny, kNoAnnotation, "", "not served by this version; use kata-runtime kata-network"),
    ignored(kRuntime, "experimental_force_guest_pull", kFlag, "false", kAny, kSameName, "", kEnginesImages),
    ignored(kRuntime, "kubelet_root_dir", kPath, "\"/var/lib/kubelet\"", kAny, kNoAnnotation, "", "volumes are taken from config.json, wherever the kubelet keeps them"),
    ignored(kRuntime, "pod_resource_api_sock", kPath, "\"\"", kAny, kNoAnnotation, "", "devices are taken from config.json, wherever the kubelet says them"),
    ignored(kRuntime, "name", kText, "\"virt-container\"", one_of("virt-container virt_container linux-container wasm-container"), kSameName, "", "a container is always in a VM"),
    ignored(kRuntime, "hypervisor_name", kText, "\"qemu\"", kAny, kSameName, "", kOtherHypervisor),
    ignored(kRuntime, "agent_name", kText, "\"kata\"", kAny, kSameName, "", "there is one agent; use [agent.kata]"),
    ignored(kRuntime, "static_resource_mgmt", kFlag, "false", kAny, kNoAnnotation, "", "use static_sandbox_resource_mgmt"),
    ignored(kRuntime, "keep_abnormal", kFlag, "false", kAny, kNoAnnotation, "", "a create that fails is undone; use kata-runtime --debug --log FILE to see why"),
    ignored(kRuntime, "log_level", kText, "\"info\"", kAny, kNoAnnotation, "", "use enable_debug"),
    ignored(kRuntime, "use_passfd_io", kFlag, "true", kAny, kNoAnnotation, "", "standard streams always have a port of their own"),
    ignored(kRuntime, "passfd_listener_port", kWhole, "1027", kAny, kNoAnnotation, "", "the agent's ports are not configurable"),
    ignored(kRuntime, "disable_selinux", kFlag, "false", kAny, kNoAnnotation, "", "use security_driver in libvirt's qemu.conf"),
    obeyed(kNetmon, "enable_netmon", kFlag, "false", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.enable_netmon = flag(v); },
           "Plug and unplug interfaces that come and go while a container runs."),
    ignored(kNetmon, "path", kPath, "\"\"", kAny, kNoAnnotation, "", "kata-runtime is its own netmon"),
    ignored(kNetmon, "enable_debug", kFlag, "false", kAny, kNoAnnotation, "", "use enable_debug below [runtime]"),
    ignored(kFactory, "enable_template", kFlag, "false", kAny, kNoAnnotation, "", kNoTemplates),
    ignored(kFactory, "template_path", kPath, "\"/run/vc/vm/template\"", kAny, kNoAnnotation, "", kNoTemplates),
    ignored(kFactory, "vm_cache_number", kWhole, "0", kAny, kNoAnnotation, "", kNoTemplates),
    ignored(kFactory, "vm_cache_endpoint", kPath, "\"/var/run/kata-containers/cache.sock\"", kAny, kNoAnnotation, "", kNoTemplates),
    ignored("hypervisor.qemu.factory", "*", kText, "\"\"", kAny, kNoAnnotation, "", kNoTemplates),
    ignored("proxy.kata", "path", kPath, "\"\"", kAny, kNoAnnotation, "", kNoProxy),
    ignored("proxy.kata", "enable_debug", kFlag, "false", kAny, kNoAnnotation, "", kNoProxy),
    ignored("shim.kata", "path", kPath, "\"\"", kAny, kNoAnnotation, "", kOwnShim),
    ignored("shim.kata", "enable_debug", kFlag, "false", kAny, kNoAnnotation, "", kOwnShim),
    ignored("shim.kata", "enable_tracing", kFlag, "false", kAny, kNoAnnotation, "", kNoTrace),
    ignored("image", "service_offload", kFlag, "false", kAny, kNoAnnotation, "", kEnginesImages),
    ignored("image", "provision", kText, "\"\"", kAny, kNoAnnotation, "", kEnginesImages),
    ignored("hypervisor.acrn", "*", kText, "\"\"", kAny, kNoAnnotation, "", kOtherHypervisor),
    ignored("hypervisor.clh", "*", kText, "\"\"", kAny, kNoAnnotation, "", kOtherHypervisor),
    ignored("hypervisor.cloud-hypervisor", "*", kText, "\"\"", kAny, kNoAnnotation, "", kOtherHypervisor),
    ignored("hypervisor.dragonball", "*", kText, "\"\"", kAny, kNoAnnotation, "", kOtherHypervisor),
    ignored("hypervisor.firecracker", "*", kText, "\"\"", kAny, kNoAnnotation, "", kOtherHypervisor),
    ignored("hypervisor.openvmm", "*", kText, "\"\"", kAny, kNoAnnotation, "", kOtherHypervisor),
    ignored("hypervisor.remote", "*", kText, "\"\"", kAny, kNoAnnotation, "", kOtherHypervisor),
    ignored("hypervisor.stratovirt", "*", kText, "\"\"", kAny, kNoAnnotation, "", kOtherHypervisor),
};
// clang-format on

}  // namespace

std::span<const ConfigKey> other_keys() {
    return kKeys;
}

}  // namespace kata::sandbox
