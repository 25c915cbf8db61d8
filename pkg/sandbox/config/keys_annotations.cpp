// Annotations that no key of configuration.toml stands behind.
#include <array>

#include "pkg/sandbox/config.h"
#include "pkg/sandbox/config/row.h"

namespace kata::sandbox {
namespace {

constexpr std::string_view kNone;
constexpr std::string_view kRemote = "only remote hypervisors look at it";
constexpr std::string_view kUnused = "such a file is not used, so there is nothing to verify";

// spec_overrides.h puts these into the specification of the container that has them.
void of_container(RuntimeConfig& /*config*/, const ConfigValue& /*value*/) {}

// A row is a line.
// clang-format off
constexpr std::array kKeys = {
    ignored(kNone, "config_path", kPath, "\"\"", kAny, "config_path", "", "a container cannot choose its configuration; use kata-runtime --config"),
    ignored(kNone, "bundle_path", kText, "\"\"", kAny, "pkg.oci.bundle_path", "", "the runtime sets it"),
    ignored(kNone, "container_type", kText, "\"\"", one_of("pod_sandbox pod_container single_container"), "pkg.oci.container_type", "", "the runtime sets it from those of containerd, CRI-O and podman"),
    obeyed(kNone, "enable_vcpus_pinning", kFlag, "false", kAny, "enable_vcpus_pinning", "", [](RuntimeConfig& c, const ConfigValue& v) { c.enable_vcpus_pinning = flag(v); },
           "another name of io.katacontainers.config.runtime.enable_vcpus_pinning"),
    ignored(kNone, "sandbox_bind_mounts", kTexts, "[]", kAny, "config.runtime.sandbox_bind_mounts", "", "not permitted, because it names files of the host; use sandbox_bind_mounts in configuration.toml"),
    ignored(kNone, "policy", kText, "\"\"", kAny, "config.agent.policy", "", "the agent has no policies"),
    ignored(kNone, "asset_hash_type", kText, "\"sha512\"", one_of("sha512"), "config.hypervisor.asset_hash_type", "", "SHA-512 is the only one there is"),
    ignored(kNone, "asset_hash_type_of_go", kText, "\"sha512\"", one_of("sha512"), "asset_hash_type", "", "SHA-512 is the only one there is"),
    obeyed(kNone, "kernel_hash", kDigest, "\"\"", kAny, "config.hypervisor.kernel_hash", "", [](RuntimeConfig& c, const ConfigValue& v) { c.kernel_hash = text(v); },
           "of the kernel: a copy of it is verified and booted"),
    obeyed(kNone, "initrd_hash", kDigest, "\"\"", kAny, "config.hypervisor.initrd_hash", "", [](RuntimeConfig& c, const ConfigValue& v) { c.initrd_hash = text(v); },
           "of the initrd: a copy of it is verified and booted"),
    obeyed(kNone, "image_hash", kDigest, "\"\"", kAny, "config.hypervisor.image_hash", "", [](RuntimeConfig& c, const ConfigValue& v) { c.image_hash = text(v); },
           "of the image: a copy of it is verified and booted"),
    obeyed(kNone, "firmware_hash", kDigest, "\"\"", kAny, "config.hypervisor.firmware_hash", "", [](RuntimeConfig& c, const ConfigValue& v) { c.machine.firmware_hash = text(v); },
           "of the firmware: a copy of it is verified and used"),
    obeyed(kNone, "firmware_volume_hash", kDigest, "\"\"", kAny, "config.hypervisor.firmware_volume_hash", "", [](RuntimeConfig& c, const ConfigValue& v) { c.machine.firmware_volume_hash = text(v); },
           "of the firmware's variables: the copy that the VM has is verified"),
    obeyed(kNone, "hypervisor_hash", kDigest, "\"\"", kAny, "config.hypervisor.hypervisor_hash", "", [](RuntimeConfig& c, const ConfigValue& v) { c.emulator_hashes["hypervisor_hash"] = text(v); },
           "of QEMU: the program that runs the VM is verified before the guest starts"),
    obeyed(kNone, "path_hash", kDigest, "\"\"", kAny, "config.hypervisor.path_hash", "", [](RuntimeConfig& c, const ConfigValue& v) { c.emulator_hashes["path_hash"] = text(v); },
           "another name of io.katacontainers.config.hypervisor.hypervisor_hash; where both are given, both are verified"),
    ignored(kNone, "jailer_hash", kDigest, "\"\"", kAny, "config.hypervisor.jailer_hash", "", kUnused),
    ignored(kNone, "default_gpus", kWhole, "0", kAny, "config.hypervisor.default_gpus", "", kRemote),
    ignored(kNone, "default_gpu_model", kText, "\"\"", kAny, "config.hypervisor.default_gpu_model", "", kRemote),
    obeyed(kNone, "swappiness", kWhole, "0", range(0, 100), "container.resource.swappiness", "", of_container,
           "how readily the guest swaps; a guest has one for all of its containers, the last one's counts"),
    obeyed(kNone, "swap_in_bytes", kWhole, "0", range(0, INT64_MAX), "container.resource.swap_in_bytes", "", of_container,
           "the container's memory and swap together, as memory.swap of config.json; it needs a limit of memory that is not larger"),
};
// clang-format on

}  // namespace

std::span<const ConfigKey> annotation_only_keys() {
    return kKeys;
}

}  // namespace kata::sandbox
