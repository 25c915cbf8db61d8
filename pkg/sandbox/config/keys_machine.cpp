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
           "The guest's initrd, with the agent in it. With an image the installed loader.img takes its place."),
    obeyed(kQemu, "kernel_params", kText, "\"\"", kAny, kSameName, "", [](Config& c, const Value& v) { c.kernel_params = text(v); },
           "More kernel parameters, behind the runtime's own, so that these have the last word."),
    obeyed(kQemu, "machine_type", kText, "\"q35\"", one_of("q35 pc"), kSameName, "", [](Config& c, const Value& v) { c.machine_type = text(v); },
           "The machine that QEMU emulates."),
    obeyed(kQemu, "accelerator", kText, "\"auto\"", one_of("auto kvm tcg"), kNoAnnotation, "", [](Config& c, const Value& v) { c.accelerator = accelerator_of(text(v)); },
           "auto: KVM where it can be used, else software emulation (tcg), with a warning. kvm and tcg leave no choice."),
    obeyed(kQemu, "default_vcpus", kNumber, "1", range(INT32_MIN, 240), kSameName, "", [](Config& c, const Value& v) { c.default_vcpus = cpus_of(v); },
           "CPUs of a sandbox; its containers' limits are added. 0: 1. Less than 0, or more than there are: all of the host's. Fractions are rounded up."),
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
    obeyed(kQemu, "image", kPath, "\"\"", kAny, kSameName, "", [](Config& c, const Value& v) { c.image = text(v); },
           "A file with the guest's root, never written, that the VM boots from instead of the initrd. Goes without an initrd other than the default. Empty: none."),
    obeyed(kQemu, "rootfs_type", kText, "\"ext4\"", one_of("ext4 xfs erofs"), kNoAnnotation, "", [](Config& c, const Value& v) { c.rootfs_type = text(v); },
           "The file system of the image."),
    obeyed(kQemu, "disable_image_nvdimm", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.disable_image_nvdimm = flag(v); },
           "Show the image to the guest as a disk (virtio-blk), not as memory (nvdimm) that all VMs share with the host."),
    ignored(kQemu, "vm_rootfs_driver", kText, "\"\"", kAny, kNoAnnotation, "", "use disable_image_nvdimm"),
    ignored(kQemu, "kernel_verity_params", kText, "\"\"", kAny, kSameName, "", "the guest has no dm-verity; use the annotation image_hash, by which the image is verified before each start"),
    ignored(kQemu, "guest_extension_images", kTables, "[]", kAny, kNoAnnotation, "", "a guest has one image; put the files into that, or use sandbox_bind_mounts"),
    obeyed(kQemu, "machine_accelerators", kText, "\"\"", kAny, kSameName, "", [](Config& c, const Value& v) { c.machine.machine_accelerators = text(v); },
           "Parts of the board to switch, as in \"smm=off,hpet=on\": smm, vmport, hpet, mem-merge, dump-guest-core (on or off), kernel_irqchip (on or split) and nvdimm (on)."),
    obeyed(kQemu, "cpu_features", kText, "\"\"", kAny, kSameName, "", [](Config& c, const Value& v) { c.machine.cpu_features = text(v); },
           "Features that the CPUs have, or have not, as in \"avx2=off,-pdpe1gb,pmu=off\", by libvirt's names. The model is the host's under KVM, QEMU's largest under emulation."),
    obeyed(kQemu, "firmware", kPath, "\"\"", kAny, kSameName, "", [](Config& c, const Value& v) { c.machine.firmware = text(v); },
           "The machine's firmware. Alone it is a ROM (SeaBIOS, qboot), with firmware_volume in flash memory (OVMF, which needs a kernel in bzImage form). Empty: QEMU's own."),
    obeyed(kQemu, "firmware_volume", kPath, "\"\"", kAny, kSameName, "", [](Config& c, const Value& v) { c.machine.firmware_volume = text(v); },
           "The variables of the firmware. Each VM has a copy, which goes with it."),
    obeyed(kQemu, "pflashes", kTexts, "[]", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.machine.pflashes = texts(v); },
           "firmware and firmware_volume in one list."),
    ignored(kQemu, "jailer_path", kPath, "\"\"", kAny, kSameName, "valid_jailer_paths", "only Firecracker has a jailer; libvirt confines QEMU (security_driver in qemu.conf)"),
    ignored(kQemu, "ctlpath", kPath, "\"\"", kAny, kSameName, "valid_ctlpaths", "only ACRN has it; use virsh(1)"),
    obeyed(kQemu, "memory_offset", kWhole, "0", kAny, kSameName, "", [](Config& c, const Value& v) { c.machine.memory_offset_mib = whole<std::uint64_t>(v); },
           "MiB of address space beyond what the sandbox can grow to and its image takes as an NVDIMM, for memory that is attached with virsh."),
    obeyed(kQemu, "enable_virtio_mem", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.machine.enable_virtio_mem = flag(v); },
           "Let memory grow through one virtio-mem device, in whole blocks of the guest, instead of by DIMMs in memory_slots."),
    obeyed(kQemu, "enable_mem_prealloc", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.machine.enable_mem_prealloc = flag(v); },
           "Take all of a guest's memory from the host before the guest runs."),
    obeyed(kQemu, "enable_hugepages", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.machine.enable_hugepages = flag(v); },
           "A guest's memory is made of huge pages, see hugepage_type; its size is rounded up to whole ones."),
    obeyed(kQemu, "hugepage_type", kText, "\"hugetlbfs\"", one_of("hugetlbfs thp"), kSameName, "", [](Config& c, const Value& v) { c.machine.hugepage_type = text(v); },
           "hugetlbfs: from the host's pool (vm.nr_hugepages, and hugetlbfs must be mounted), all of them at once. thp: transparent ones, as far as the host's kernel makes them of shared memory."),
    obeyed(kQemu, "file_mem_backend", kPath, "\"\"", kAny, kSameName, "valid_file_mem_backends", [](Config& c, const Value& v) { c.machine.file_mem_backend = text(v); },
           "The directory for files that guests' memory is in. libvirt has one for all VMs: memory_backing_dir in its qemu.conf must be this or one above it. Empty and /dev/shm: memory of tmpfs, without a name."),
    obeyed(kQemu, "enable_swap", kFlag, "true", kAny, kSameName, "", [](Config& c, const Value& v) { c.machine.enable_swap = flag(v); },
           "Let the host swap a guest's memory out. false: it is locked into the host's memory."),
    obeyed(kQemu, "reclaim_guest_freed_memory", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.machine.reclaim_guest_freed_memory = flag(v); },
           "Let a guest report the pages that it has freed, so that the host has them back."),
    obeyed(kQemu, "enable_numa", kFlag, "false", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.machine.enable_numa = flag(v); },
           "Give a guest the NUMA nodes of numa_mapping, or if that is empty one for each of the host's. More than one needs static_sandbox_resource_mgmt."),
    obeyed(kQemu, "numa_mapping", kTexts, "[]", kAny, kSameName, "", [](Config& c, const Value& v) { c.machine.numa_mapping = texts(v); },
           "For each NUMA node of a guest a list of the host's, such as \"0\" or \"0-1\", from which its memory is taken; vCPUs and memory are divided by their number of CPUs."),
    obeyed(kQemu, "enable_guest_swap", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.guest_swap = flag(v); },
           "Give each guest swap space: a file of the host, which is one more disk of the VM from its start to its end."),
    obeyed(kQemu, "guest_swap_path", kPath, "\"\"", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.guest_swap_dir = text(v); },
           "The directory for these files; below /run they would be in the host's memory. Empty: the one of the installed guest."),
    obeyed(kQemu, "guest_swap_size_percent", kWhole, "100", range(1, 1000), kNoAnnotation, "", [](Config& c, const Value& v) { c.guest_swap_percent = whole<unsigned>(v); },
           "The size of swap space, in percent of the memory that the VM starts with. The host's file system gives it room as the guest swaps, not before."),
    ignored(kQemu, "guest_swap_create_threshold_secs", kWhole, "60", kAny, kNoAnnotation, "", "swap space is there from the start; it takes no room before the guest swaps"),
    ignored(kQemu, "overhead_vcpus", kNumber, "0", kAny, kNoAnnotation, "", "the runtime class's overhead says it to Kubernetes"),
    ignored(kQemu, "overhead_memory", kWhole, "0", kAny, kNoAnnotation, "", "the runtime class's overhead says it to Kubernetes"),
    obeyed(kQemu, "disable_nested_virtualization", kFlag, "false", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.machine.disable_nested_virtualization = flag(v); },
           "Hide the CPU's virtualization (vmx, svm) from guests."),
    ignored(kQemu, "disable_nesting_checks", kFlag, "false", kAny, kNoAnnotation, "", "nothing is changed for a host that is a VM itself"),
    obeyed(kQemu, "enable_iommu", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.machine.enable_iommu = flag(v); },
           "Give a q35 an IOMMU (intel_iommu=on iommu=pt), as VFIO in the guest needs it."),
    ignored(kQemu, "enable_iommu_platform", kFlag, "false", kAny, kSameName, "", "only machines of s390x have it"),
    ignored(kQemu, "confidential_guest", kFlag, "false", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "sev_snp_guest", kFlag, "false", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "snp_id_block", kText, "\"\"", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "snp_id_auth", kText, "\"\"", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "snp_guest_policy", kWhole, "196608", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "snp_certs_path", kPath, "\"\"", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "tdx_quote_generation_service_socket_port", kWhole, "4050", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "measurement_algo", kText, "\"sha512\"", kAny, kNoAnnotation, "", kConfidential),
    ignored(kQemu, "initdata", kText, "\"\"", kAny, "config.hypervisor.cc_init_data", "", kConfidential),
    ignored(kQemu, "guest_memory_dump_path", kPath, "\"\"", kAny, kNoAnnotation, "", "a VM ends when its guest panics, and libvirt has no directory for the dumps of one VM; of a guest that runs, make one with virsh dump --memory-only"),
    ignored(kQemu, "guest_memory_dump_paging", kFlag, "false", kAny, kNoAnnotation, "", "libvirt dumps physical memory; use virsh dump --memory-only, and crash(8) to find pages in it"),
    ignored(kQemu, "seccompsandbox", kText, "\"\"", kAny, kNoAnnotation, "", "use seccomp_sandbox in libvirt's qemu.conf"),
    ignored(kQemu, "seccomp_sandbox", kText, "\"\"", kAny, kNoAnnotation, "", "use seccomp_sandbox in libvirt's qemu.conf"),
    ignored(kQemu, "disable_seccomp", kFlag, "false", kAny, kNoAnnotation, "", "use seccomp_sandbox in libvirt's qemu.conf"),
    ignored(kQemu, "disable_selinux", kFlag, "false", kAny, kNoAnnotation, "", "use security_driver in libvirt's qemu.conf"),
    ignored(kQemu, "disable_guest_selinux", kFlag, "true", kAny, kNoAnnotation, "", "a guest has no SELinux"),
    obeyed(kQemu, "rootless", kFlag, "false", kAny, kSameName, "", [](Config& c, const Value& v) { c.machine.rootless = flag(v); },
           "Run the QEMU of each VM as a user that nobody else has, instead of one for all VMs. With KVM that needs 'chmod o+x /var/lib/libvirt/qemu', unless everybody may use /dev/kvm."),
    obeyed(kQemu, "enable_debug", kFlag, "false", kAny, kNoAnnotation, "", [](Config& c, const Value& v) { c.guest_debug = flag(v); },
           "Have the guest's kernel tell what it does, and pass all lines of the guest's console on to the runtime's log."),
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
