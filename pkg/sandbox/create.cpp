#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/scope_exit.h"
#include "pkg/base/unique_fd.h"
#include "pkg/oci/bundle.h"
#include "pkg/oci/spec_validate.h"
#include "pkg/sandbox/config/annotations.h"
#include "pkg/sandbox/container_access.h"
#include "pkg/sandbox/container_creation.h"
#include "pkg/sandbox/host_network.h"
#include "pkg/sandbox/pod.h"
#include "pkg/sandbox/runtime.h"
#include "pkg/sandbox/spec_overrides.h"
#include "pkg/sandbox/terminal.h"

namespace kata::sandbox {
namespace {

// Another create of the same pod, which boots a VM, may hold the lock that long.
constexpr std::chrono::seconds kLockWait{240};

oci::Bundle load_bundle_of(const CreateRequest& request) {
    return oci::load_bundle(
        request.bundle,
        request.config_file.empty() ? std::nullopt : std::optional(request.config_file));
}

// The annotations of a sandbox's first container count for all of them.
RuntimeConfig config_for(const oci::Spec& spec,
                         const std::optional<ContainerPlace>& pod,
                         const RuntimeConfig& config,
                         base::Log& log) {
    if (pod) {
        return sandbox_config(config, *pod);
    }
    AnnotatedConfig annotated = annotated_config(config, spec.annotations);
    for (const std::string& warning : annotated.warnings) {
        log.warning(warning);
    }
    return std::move(annotated.config);
}

void make_valid(oci::Bundle& bundle, const RuntimeConfig& config, base::Log& log) {
    const auto host_network =
        config.disable_new_netns ? oci::HostNetwork::allowed : oci::HostNetwork::refused;
    for (const std::string& warning : oci::validate(bundle.spec, host_network)) {
        log.warning(warning);
    }
    if (config.disable_new_netns) {
        leave_in_host_network(bundle.spec);
    } else {
        refuse_host_network(bundle.spec);
    }
}

// Found out before a VM is booted for nothing. A file is really made, because root passes every
// check of permissions and still cannot write to some file systems.
void check_pid_file(const CreateRequest& request) {
    if (request.pid_file.empty()) {
        return;
    }
    if (::unlink(request.pid_file.c_str()) != 0 && errno != ENOENT) {
        throw base::errno_error("write the pid file", request.pid_file.native(), errno);
    }
    std::string probe = request.pid_file.native() + ".XXXXXX";
    const base::UniqueFd made(::mkostemp(probe.data(), O_CLOEXEC));
    if (!made.valid()) {
        throw base::errno_error("write the pid file", request.pid_file.native(), errno);
    }
    ::unlink(probe.c_str());
}

}  // namespace

base::ProcessId Runtime::create(const CreateRequest& request) {
    oci::Bundle bundle = load_bundle_of(request);
    const auto pod = sandbox_to_join(store_, bundle.spec);
    const RuntimeConfig config = config_for(bundle.spec, pod, config_, log_);
    bundle.spec = with_overrides(bundle.spec, config);
    make_valid(bundle, config, log_);
    const bool terminal = bundle.spec.process && bundle.spec.process->terminal;
    require_usable_console(terminal, !request.foreground, request.console_socket);
    check_pid_file(request);
    const Reservation reservation =
        store_.reserve(request.id, pod, base::Deadline::after(kLockWait));
    const ContainerPlace& place = reservation.place;
    base::ScopeExit forget([&]() noexcept {
        try {
            store_.forget(place, !pod || !has_neighbours(place));
        } catch (const std::exception& error) {
            log_.warning(std::string("cannot undo all of a failed create: ") + error.what());
        }
    });
    ContainerCreation creation(config, vm_, log_, request, bundle, place, pod.has_value());
    base::ScopeExit undo([&]() noexcept { creation.undo(); });
    const base::ProcessId shim = creation.run();
    undo.release();
    forget.release();
    return shim;
}

}  // namespace kata::sandbox
