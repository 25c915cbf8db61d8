#include <algorithm>
#include <array>
#include <cerrno>

#include "pkg/base/error.h"
#include "pkg/host/checks.h"

namespace kata::host {
namespace {

// The words of a detail are those of Kata Containers' kata-check, which scripts look for.
std::string cpu_detail(const Processor& cpu, const char* flag, const char* description) {
    return std::string(cpu.has(flag) ? "CPU property found" : "CPU property not found") +
           ": type=flag name=" + flag + " description=\"" + description + "\"";
}

std::string module_detail(const Host& host, const std::string& name, const char* description) {
    return std::string(host.module(name).works() ? "kernel property found"
                                                 : "kernel property not found") +
           ": type=module name=" + name + " description=\"" + description + "\"";
}

std::string vendor_module(const Processor& cpu) {
    return cpu.has("svm") ? "kvm_amd" : "kvm_intel";
}

bool wants_kvm(const Host& host) {
    return host.wanted.acceleration != Acceleration::tcg;
}

/// What the lack of KVM is: nothing works if the configuration insists on it, else it is slow.
Verdict without_kvm(const Host& host) {
    return host.wanted.acceleration == Acceleration::kvm ? Verdict::fail : Verdict::warn;
}

std::string consequence(const Host& host) {
    return host.wanted.acceleration == Acceleration::kvm
               ? "and the configuration asks for KVM"
               : "so VMs run under software emulation, several times slower";
}

Finding not_needed() {
    return {.text = "not needed: the configuration asks for software emulation"};
}

Finding no_virtualization(const Host& host) {
    Finding finding{.verdict = without_kvm(host)};
    const std::string opens = host.kvm.exists && host.kvm.open_error == 0
                                  ? " (/dev/kvm opens all the same, but guests would hang)"
                                  : "";
    finding.text = "the CPU shows neither vmx nor svm" + opens + ", " + consequence(host);
    if (host.processor.is_virtual()) {
        const std::string module =
            host.processor.vendor == "AuthenticAMD" ? "kvm_amd" : "kvm_intel";
        finding.text += "; this machine is a VM: turn nested virtualization on in its host";
        finding.remedy.command = "modprobe -r " + module + " && modprobe " + module +
                                 " nested=1  # on the host of this VM";
    } else {
        finding.text += "; turn VT-x or AMD-V on in the firmware";
        finding.remedy.command = "systemctl reboot --firmware-setup";
    }
    return finding;
}

/// KVM is chosen, because everything speaks for it, and does not work.
Finding unable_to_create(int error) {
    if (error == EBUSY) {
        return {.verdict = Verdict::fail,
                .text = "another hypervisor running on this machine keeps KVM from making VMs",
                .remedy = look("lsmod | grep -E 'vbox|vmmon'  # end its VMs and unload it")};
    }
    return {.verdict = Verdict::fail,
            .text = "KVM does not make VMs: " + base::errno_text(error) +
                    "; set accelerator = \"tcg\" in configuration.toml to do without it",
            .remedy = look("dmesg | grep -i kvm")};
}

/// Intel's KVM without it runs real-mode code of a guest through an emulator of its own.
bool lacks_unrestricted_guest(const Host& host) {
    const auto& parameters = host.module("kvm_intel").parameters;
    const auto value = parameters.find("unrestricted_guest");
    return !host.processor.is_virtual() && value != parameters.end() && value->second == "N";
}

}  // namespace

Finding check_architecture(const Host& host) {
    if (host.architecture != "x86_64") {
        return {.verdict = Verdict::fail,
                .text = "this machine is " + host.architecture + "; kata-runtime is for x86_64"};
    }
    return {.text = host.architecture + ", Linux " + host.kernel};
}

Finding check_cpu(const Host& host) {
    const Processor& cpu = host.processor;
    const bool known = cpu.vendor == "GenuineIntel" || cpu.vendor == "AuthenticAMD";
    Finding finding{.text = cpu.model.empty() ? cpu.vendor : cpu.model};
    finding.details = {(known ? "CPU property found: type=attribute name="
                              : "CPU property not found: type=attribute name=") +
                           cpu.vendor + " description=\"Intel or AMD Architecture CPU\"",
                       cpu_detail(cpu, "lm", "64Bit CPU"),
                       cpu_detail(cpu, "sse4_1", "SSE4.1")};
    if (!cpu.has("lm")) {
        finding.verdict = Verdict::fail;
        finding.text += ": it has no 64-bit mode (lm), which the guest needs";
    } else if (!known) {
        finding.verdict = Verdict::warn;
        finding.text += ": unknown CPU type \"" + cpu.vendor + "\"; Intel's and AMD's are tested";
    } else if (!cpu.has("sse4_1")) {
        finding.verdict = Verdict::warn;
        finding.text += ": it has no SSE4.1, so it is older than what KVM guests are tested on";
    }
    return finding;
}

Finding check_virtualization(const Host& host) {
    Finding finding;
    if (!wants_kvm(host)) {
        finding = not_needed();
    } else if (!host.processor.virtualizes()) {
        finding = no_virtualization(host);
    } else {
        finding.text = host.processor.has("vmx") ? "VT-x (vmx)" : "AMD-V (svm)";
        finding.text += host.processor.is_virtual() ? ", nested: this machine is a VM itself" : "";
    }
    const char* flag = host.processor.vendor == "AuthenticAMD" ? "svm" : "vmx";
    finding.details = {cpu_detail(host.processor, flag, "Virtualization support")};
    return finding;
}

Finding check_kvm_modules(const Host& host) {
    if (!wants_kvm(host)) {
        return not_needed();
    }
    if (!host.processor.virtualizes()) {
        return {.text = "not needed: without hardware virtualization they have no use"};
    }
    const std::string module = vendor_module(host.processor);
    Finding finding{.text = "kvm and " + module};
    finding.details = {module_detail(host, "kvm", "Kernel-based Virtual Machine"),
                       module_detail(host, module, "KVM for this CPU")};
    const bool present = host.module("kvm").works() && host.module(module).works();
    if (!present) {
        finding.verdict = without_kvm(host);
        finding.text = module + " is not loaded, " + consequence(host);
        finding.remedy = load_modules(host, {"kvm", module});
    } else if (lacks_unrestricted_guest(host)) {
        finding.verdict = Verdict::warn;
        finding.text = "kvm_intel runs with unrestricted_guest=N, which slows the boot of guests";
        finding.remedy.command = "modprobe -r kvm_intel && modprobe kvm_intel unrestricted_guest=1";
        finding.details.push_back(
            "kernel module parameter has unexpected value: type=module name=kvm_intel "
            "parameter=unrestricted_guest value=N expected=Y");
    }
    return finding;
}

Finding check_kvm_device(const Host& host) {
    if (!wants_kvm(host) || !host.processor.virtualizes()) {
        return {.text = host.kvm.exists ? "there; it is not used" : "not there; it is not needed"};
    }
    if (!host.kvm.exists) {
        return {.verdict = without_kvm(host),
                .text = "/dev/kvm does not exist, " + consequence(host),
                .remedy = {"modprobe " + vendor_module(host.processor) +
                               " && { test -e /dev/kvm || mknod -m 660 /dev/kvm c 10 232; }"
                               "  # in a container: start it with --device /dev/kvm",
                           std::nullopt}};
    }
    const int opening = host.kvm.open_error;
    if (opening != 0 && (host.as_root || opening != EACCES)) {
        return {
            .verdict = without_kvm(host),
            .text =
                "/dev/kvm does not open: " + base::errno_text(opening) + ", " + consequence(host),
            .remedy = look("ls -l /dev/kvm  # in a container: start it with --device /dev/kvm")};
    }
    if (opening == 0 && host.create_vm_error.value_or(0) != 0) {
        return unable_to_create(*host.create_vm_error);
    }
    return {.text = host.create_vm_error ? "opens and makes VMs" : "there"};
}

Finding check_kvm_user(const Host& host) {
    const std::string& user = host.qemu_user.name;
    if (!host.kvm.exists) {
        return {.text = "there is no /dev/kvm that " + user + " could not use"};
    }
    if (host.kvm.usable_by_qemu) {
        return {.text = user + " may use it"};
    }
    return {.verdict = without_kvm(host),
            .text = user +
                    " may not open /dev/kvm: libvirt asks QEMU anew at each start, which "
                    "takes about a minute, and does not use KVM",
            .remedy = give_kvm(host)};
}

}  // namespace kata::host
