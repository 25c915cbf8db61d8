#include "pkg/sandbox/container_access.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <sstream>
#include <thread>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/oci/hooks.h"
#include "pkg/sandbox/config/annotations.h"

namespace kata::sandbox {
namespace {

constexpr std::chrono::seconds kHooks{300};

std::filesystem::path execs_dir(const ContainerPlace& place) {
    return place.container_dir / "execs";
}

// The file's name is the pid, its content the start time.
base::ProcessId exec_of(const std::filesystem::path& file) {
    base::ProcessId process;
    std::istringstream(file.filename().native()) >> process.pid;
    std::istringstream(base::try_read_file(file).value_or("")) >> process.start_time;
    return process;
}

}  // namespace

ContainerRecord load_record(const ContainerPlace& place) {
    try {
        return StateStore::load_container(place);
    } catch (const base::Error& error) {
        if (error.code() == base::ErrorCode::not_found) {
            throw oci::container_not_found(place.id);
        }
        throw;
    }
}

RuntimeConfig sandbox_config(const RuntimeConfig& config, const ContainerPlace& place) {
    try {
        const SandboxRecord record = StateStore::load_sandbox(place);
        RuntimeConfig own = with_accepted_annotations(config, record.config_annotations);
        // A VM keeps what it was started with, whatever the configuration says by now.
        if (record.copies_files) {
            own.shared_fs = SharedFs::none;
        } else if (own.shared_fs == SharedFs::none) {
            own.shared_fs = SharedFs::virtio_fs;
        }
        return own;
    } catch (const base::Error&) {
        return config;  // whoever needs the record says what is wrong with it
    }
}

void require(const ContainerPlace& place, const ContainerRecord& record, oci::Operation operation) {
    oci::Lifecycle(place.id, derive_status(record)).require(operation);
}

std::string hook_state(const ContainerRecord& record, oci::Status status) {
    const pid_t pid = status == oci::Status::stopped ? 0 : record.shim.pid;
    return oci::to_json(
        oci::State{record.oci_version, record.id, status, pid, record.bundle, record.annotations});
}

void run_poststop(const oci::Spec& spec, const ContainerRecord& record, base::Log& log) {
    const oci::HookContext context{hook_state(record, oci::Status::stopped), record.bundle, {}};
    for (const base::Error& error : oci::run_all_hooks(
             spec.hooks, oci::HookStage::poststop, context, base::Deadline::after(kHooks))) {
        log.warning(error.what());
    }
}

void remember_exec(const ContainerPlace& place, const base::ProcessId& shim) {
    base::make_directories(execs_dir(place));
    base::write_file_atomically(execs_dir(place) / std::to_string(shim.pid),
                                std::to_string(shim.start_time));
}

std::vector<base::ProcessId> living_execs(const ContainerPlace& place) {
    std::vector<base::ProcessId> living;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(execs_dir(place), failure)) {
        const base::ProcessId process = exec_of(entry.path());
        if (base::is_alive(process)) {
            living.push_back(process);
        } else if (entry.path().filename().native().front() != '.') {
            ::unlink(entry.path().c_str());
        }
    }
    return living;
}

void await_end(const base::ProcessId& process, const std::string& what, base::Deadline deadline) {
    while (base::is_alive(process)) {
        if (deadline.passed()) {
            throw base::Error(base::ErrorCode::timeout, what + " did not end in time");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

}  // namespace kata::sandbox
