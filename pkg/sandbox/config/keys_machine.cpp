// [hypervisor.qemu], first part: the machine, its guest, CPUs and memory.
#include <algorithm>
#include <array>
#include <cmath>

#include "pkg/sandbox/config.h"
#include "pkg/sandbox/config/row.h"
#include "pkg/sandbox/sizing.h"

namespace kata::sandbox {
namespace {

using Config = RuntimeConfig;
using Value = ConfigValue;

constexpr std::string_view kNotYet = "not served by this version";
constexpr std::string_view kInitrd = "a guest boots from an initrd; use initrd";
constexpr std::string_view kFirmware =
    "a guest boots its kernel directly; QEMU's own firmware is used";
constexpr std::string_view kConfidential = "confidential guests are not served by this version";

// Less than 0: all of the host's. A part of a CPU is a whole one.
unsigned cpus_of(const Value& value) {
    const double count = std::holds_alternative<double>(value)
                             ? std::get<double>(value)
                             : static_cast<double>(std::get<std::int64_t>(value));
    const unsigned host = host_size().cpus;
    return count < 0 ? host : std::clamp(static_cast<unsigned>(std::ceil(count)), 1U, host);
}

Accelerator accelerator_of(const std::string& name) {
    if (name == "kvm") {
        return Accelerator::kvm;
    }
    return name == "tcg" ? Accelerator::tcg : Accelerator::automatic;
}

// A row is a line.
// clang-format off
constexpr std::array kKeys = {
    obeyed(kQemu, "path", kPath, "\"\"", kAny, kSameName, "valid_hypervisor_paths", [](Config& c, const Value& v) { c.emulator = text(v); },
           "The program that runs the VM. Empty: the one that libvirt chooses for the machine."),
    obeyed(kQemu, "kernel", kPath, "\"" KATA_GUESTDIR "/vmlinux\"", kAny, kSameName, "", [](Config& c, const Value& v) { c.kernel = text(v); },
           "The guest's kernel. An uncompressed one (vmlinux) boots faster than a bzImage."),
    obeyed(kQemu, "initrd", kPath, "\"" KATA_GUESTDIR "/initrd.img\"", kAny, kSameName, "", [](Config& c, const Value& v) { c.initrd = text(v); },
           "The guest's initrd, with the agent in it."),
    obeyed(kQemu, "kernel_params", kText, "\"\"", kAny, kSameName, "", [](Config& c, const Value& v) { c.kernel_params = text(v); },
           "More kernel parameters, behind the runtime's own, so that these have the last word."),
    obeyed(kQemu, "machine_type", kText, "\"q35\"", one_of("q35 pc"), kSameName, "", [](Config& c, const Value& v) { c.machine_type = text(v); },
           "The machine that QEMU emulates."),
    obeyed(kQemu, "accelerator", kText, "\"auto\"", one_of("auto kvm tcg"), kNoAnnotation, "", [](Config& c, const Value& v) { c.accelerator = accelerator_of(text(v)); },
           "auto: KVM where it can be used, else software emulation (tcg), with a warning. kvm and tcg leave no choice."),
    obeyed(kQemu, "default_vcpus", kNumber, "1", range(-1, 240), kSameName, "", [](Config& c, const Value& v) { c.default_vcpus = cpus_of(v); },
           "CPUs of a sandbox; its containers' limits are added. 0: 1. -1, or more than there are: all of the host's. Fractions are rounded up."),
    obeyed(kQemu, "default_maxvcpus", kWhole, "0", range(0, 240), "config.hypervisor.default_max_vcpus", "", [](Config& c, const Value& v) { c.default_max_vcpus = whole<unsigned>(v); },
           "CPUs that a sandbox can grow to, never more than the host has. 0: as many as the host has."),
    obeyed(kQemu, "default_memory", kWhole, "2048", range(128, 1 << 20), kSameName, "", [](Config& c, const Value& v) { c.default_memory_mib = whole<std::uint64_t>(v); },
           "MiB of memory of a sandbox; its containers' limits are added."),
    obeyed(kQemu, "default_maxmemory", kWhole, "0", range(0, 1 << 24), kNoAnnotation, "", [](Config& c, const Value& v) { c.default_max_memory_mib = whole<std::uint64_t>(v); },
           "MiB that a sandbox can grow to. 0: as much as the host has."),
    obeyed(kQemu, "memory_slots", kWhole, "10", range(0, 255), kSameName, "", [](Config& c, const Value& v) { c.memory_slots = whole<unsigned>(v); },
           "Pieces in which memory can be added while the VM runs. 0: it cannot."),
    obeyed(kQemu, "use_vsock", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.use_vsock = flag(v); },
           "Speak to the guest's agent over vsock (the host needs /dev/vhost-vsock) instead of virtio-serial ports."),
    obeyed(kQemu, "enable_annotations", kPatterns, "[]", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.enable_annotations = texts(v); },
           "Regular expressions, matched against the whole name behind io.katacontainers.config.hypervisor. of an annotation; others are refused."),
    obeyed(kQemu, "valid_hypervisor_paths", kTexts, "[]", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.valid_values["valid_hypervisor_paths"] = texts(v); },
           "Shell patterns of what the annotation path may name."),
    obeyed(kQemu, "valid_jailer_paths", kTexts, "[]", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.valid_values["valid_jailer_paths"] = texts(v); },
           "Shell patterns of what the annotation jailer_path may name."),
    obeyed(kQemu, "valid_ctlpaths", kTexts, "[]", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.valid_values["valid_ctlpaths"] = texts(v); },
           "Shell patterns of what the annotation ctlpath may name."),
    obeyed(kQemu, "valid_virtio_fs_daemon_paths", kTexts, "[]", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.valid_values["valid_virtio_fs_daemon_paths"] = texts(v); },
           "Shell patterns of what the annotation virtio_fs_daemon may name."),
    obeyed(kQemu, "valid_vhost_user_store_paths", kTexts, "[]", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.valid_values["valid_vhost_user_store_paths"] = texts(v); },
           "Shell patterns of what the annotation vhost_user_store_path may name."),
    obeyed(kQemu, "valid_file_mem_backends", kTexts, "[]", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.valid_values["valid_file_mem_backends"] = texts(v); },
           "Shell patterns of what the annotation file_mem_backend may name."),
    obeyed(kQemu, "valid_entropy_sources", kTexts, "[]", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.valid_values["valid_entropy_sources"] = texts(v); },
           "Shell patterns of what the annotation entropy_source may name."),
    ignored(kQemu, "image", kPath, "\"\"", kAny, kSameName, "", kInitrd),
    ignored(kQemu, "rootfs_type", kText, "\"ext4\"", one_of("ext4 xfs erofs"), kNoAnnotation, "", kInitrd),
    ignored(kQemu, "disable_image_nvdimm", kFlag, "false", kAny, kSameName, "", kInitrd),
    ignored(kQemu, "kernel_verity_params", kText, "\"\"", kAny, kSameName, "", kInitrd),
    ignored(kQemu, "guest_extension_images", kTables, "[]", kAny, kNoAnnotation, "", kInitrd),
    ignored(kQemu, "machine_accelerators", kText, "\"\"", kAny, kSameName, "", "not served by this version; libvirt chooses the machine's features"),
    ignored(kQemu, "cpu_features", kText, "\"\"", kAny, kSameName, "", "not served by this version; a guest has the host's CPU under KVM and QEMU's largest under emulation"),
    ignored(kQemu, "firmware", kPath, "\"\"", kAny, kSameName, "", kFirmware),
    ignored(kQemu, "firmware_volume", kPath, "\"\"", kAny, kSameName, "", kFirmware),
    ignored(kQemu, "pflashes", kTexts, "[]", kAny, kNoAnnotation, "", kFirmware),
    ignored(kQemu, "jailer_path", kPath, "\"\"", kAny, kSameName, "valid_jailer_paths", "only Firecracker has a jailer; libvirt confines QEMU (security_driver in qemu.conf)"),
    ignored(kQemu, "ctlpath", kPath, "\"\"", kAny, kSameName, "valid_ctlpaths", "only ACRN has it; use virsh(1)"),
    ignored(kQemu, "memory_offset", kWhole, "0", kAny, kSameName, "", "there is no nvdimm device; use default_maxmemory"),
    ignored(kQemu, "enable_virtio_mem", kFlag, "false", kAny, kSameName, "", "not served by this version; memory grows by DIMMs, see memory_slots"),
    ignored(kQemu, "enable_mem_prealloc", kFlag, "false", kAny, kSameName, "", kNotYet),
    ignored(kQemu, "enable_hugepages", kFlag, "false", kAny, kSameName, "", kNotYet),
    ignored(kQemu, "hugepage_type", kText, "\"hugetlbfs\"", one_of("hugetlbfs thp"), kSameName, "", kNotYet),
    ignored(kQemu, "file_mem_backend", kPath, "\"\"", kAny, kSameName, "valid_file_mem_backends", "a guest's memory is a memfd; use memory_backing_dir in libvirt's qemu.conf"),
    ignored(kQemu, "enable_swap", kFlag, "false", kAny, kSameName, "", "a guest's memory can always be swapped out by the host"),
    ignored(kQemu, "reclaim_guest_freed_memory", kFlag, "false", kAny, kSameName, "", kNotYet),
    ignored(kQemu, "enable_numa", kFlag, "false", kAny, kNoAnnotation, "", kNotYet),
    ignored(kQemu, "numa_mapping", kTexts, "[]", kAny, kSameName, "", kNotYet),
    ignored(kQemu, "enable_guest_swap", kFlag, "false", kAny, kSameName, "", kNotYet),
    ignored(kQemu, "guest_swap_path", kPath, "\"/run/kata-containers/swap\"", kAny, kNoAnnotation, "", kNotYet),
    ignored(kQemu, "guest_swap_size_percent", kWhole, "100", kAny, kNoAnnotation, "", kNotYet),
    ignored(kQemu, "guest_swap_create_threshold_secs", kWhole, "60", kAny, kNoAnnotation, "", kNotYet),
    ignored(kQemu, "overhead_vcpus", kNumber, "0", kAny, kNoAnnotation, "", "the runtime class's overhead says it to Kubernetes"),
    ignored(kQemu, "overhead_memory", kWhole, "0", kAny, kNoAnnotation, "", "the runtime class's overhead says it to Kubernetes"),
    ignored(kQemu, "disable_nested_virtualization", kFlag, "false", kAny, kNoAnnotation, "", "use the module parameter nested of kvm_intel or kvm_amd"),
    ignored(kQemu, "disable_nesting_checks", kFlag, "false", kAny, kNoAnnotation, "", "nothing is changed for a host that is a VM itself"),
    ignored(kQemu, "enable_iommu", kFlag, "false", kAny, kSameName, "", kNotYet),
    ignored(kQemu, "enable_iommu_platform", kFlag, "false", kAny, kSameName, "", "only machines of s390x have it"),
    ignored(kQemu, "confidential_guest", kFlag, "false", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "sev_snp_guest", kFlag, "false", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "snp_id_block", kText, "\"\"", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "snp_id_auth", kText, "\"\"", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "snp_guest_policy", kWhole, "196608", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "tdx_quote_generation_service_socket_port", kWhole, "4050", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "measurement_algo", kText, "\"sha512\"", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "initdata", kText, "\"\"", kAny, "config.hypervisor.cc_init_data", "", kConfidential),
    ignored(kQemu, "guest_memory_dump_path", kPath, "\"\"", kAny, kNoAnnotation, "", "not served by this version; use virsh dump --memory-only"),
    ignored(kQemu, "guest_memory_dump_paging", kFlag, "false", kAny, kNoAnnotation, "", "not served by this version; use virsh dump --memory-only"),
    ignored(kQemu, "seccompsandbox", kText, "\"\"", kAny, kNoAnnotation, "", "use seccomp_sandbox in libvirt's qemu.conf"),
    ignored(kQemu, "disable_seccomp", kFlag, "false", kAny, kNoAnnotation, "", "use seccomp_sandbox in libvirt's qemu.conf"),
    ignored(kQemu, "disable_selinux", kFlag, "false", kAny, kNoAnnotation, "", "use security_driver in libvirt's qemu.conf"),
    ignored(kQemu, "disable_guest_selinux", kFlag, "true", kAny, kNoAnnotation, "", "a guest has no SELinux"),
    ignored(kQemu, "rootless", kFlag, "false", kAny, kSameName, "", "libvirt runs QEMU as the user of its qemu.conf, which is not root"),
    ignored(kQemu, "enable_debug", kFlag, "false", kAny, kNoAnnotation, "", "use enable_debug below [runtime]; the guest's console is console.log in the sandbox's state directory"),
    ignored(kQemu, "extra_monitor_socket", kText, "\"\"", one_of("hmp qmp qmp-pretty"), kNoAnnotation, "", "use virsh qemu-monitor-command"),
    ignored(kQemu, "use_legacy_serial", kFlag, "false", kAny, kSameName, "", "the guest's console is always the serial one, ttyS0"),
    ignored(kQemu, "hypervisor_loglevel", kWhole, "0", kAny, kNoAnnotation, "", "libvirt keeps QEMU's log in /var/log/libvirt/qemu"),
    ignored(kQemu, "remote_hypervisor_socket", kPath, "\"\"", kAny, kNoAnnotation, "", "use uri below [libvirt]"),
    ignored(kQemu, "remote_hypervisor_timeout", kWhole, "600", kAny, kNoAnnotation, "", "use timeout below [libvirt]"),
    ignored(kQemu, "prefetch_list_path", kPath, "\"\"", kAny, "config.hypervisor.prefetch_files.list", "", "only nydus images have it"),
};
// clang-format on

}  // namespace

std::span<const ConfigKey> machine_keys() {
    return kKeys;
}

}  // namespace kata::sandbox
