// The checks of a host: one table of {id, title, function}. Each function is pure: it judges the
// facts of facts.h and nothing else. `fail` means that containers cannot run, `warn` that they run
// slower or that one way of using them does not work.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/host/facts.h"
#include "pkg/host/remedy.h"

namespace kata::host {

enum class Verdict { pass, warn, fail };
[[nodiscard]] std::string_view to_string(Verdict verdict);

struct Finding {
    Verdict verdict = Verdict::pass;
    std::string text{};                  // one line: what is so
    Remedy remedy{};                     // of what is not a pass
    std::vector<std::string> details{};  // each property looked at, one line each
};

struct Check {
    std::string_view id;     // stable, for scripts
    std::string_view title;  // for people
    Finding (*examine)(const Host& host);
};

/// In the order in which they are shown: what stops most people comes first.
[[nodiscard]] std::span<const Check> checks();

struct Result {
    const Check* check = nullptr;
    Finding finding;
};

/// Every check, whatever the others found.
[[nodiscard]] std::vector<Result> examine(const Host& host);

/// Whether containers can run: nothing failed.
[[nodiscard]] bool is_capable(const std::vector<Result>& results);

/// Whether all parts of the runtime are of version `own`; only asked for by kata-check --strict.
Finding check_versions(const Host& host, const std::string& own);

// checks_cpu.cpp
Finding check_architecture(const Host& host);
Finding check_cpu(const Host& host);
Finding check_virtualization(const Host& host);
Finding check_kvm_modules(const Host& host);
Finding check_kvm_device(const Host& host);
Finding check_kvm_user(const Host& host);

// checks_libvirt.cpp
Finding check_libvirt(const Host& host);
Finding check_libvirt_idle(const Host& host);
Finding check_mounts(const Host& host);
Finding check_qemu(const Host& host);
Finding check_capability_cache(const Host& host);
Finding check_virtiofsd(const Host& host);
Finding check_libraries(const Host& host);

// checks_guest.cpp
Finding check_guest_kernel(const Host& host);
Finding check_guest_initrd(const Host& host);
Finding check_guest_image(const Host& host);
Finding check_guest_fit(const Host& host);
Finding check_guest_access(const Host& host);

// checks_kernel.cpp
Finding check_vsock(const Host& host);
Finding check_vhost_net(const Host& host);
Finding check_tun(const Host& host);
Finding check_veth(const Host& host);
Finding check_traffic_control(const Host& host);
Finding check_cgroups(const Host& host);
Finding check_selinux(const Host& host);
Finding check_apparmor(const Host& host);
Finding check_memory(const Host& host);
Finding check_disk(const Host& host);

// checks_engine.cpp
Finding check_configuration(const Host& host);
Finding check_user(const Host& host);
Finding check_docker(const Host& host);
Finding check_podman(const Host& host);
Finding check_containerd(const Host& host);

}  // namespace kata::host
