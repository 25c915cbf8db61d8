// The records kept on disk about sandboxes and containers: passive data and their JSON.
// A record is a memory, not the truth: whether a container runs is derived from its shim
// (derive_status).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/process.h"
#include "pkg/oci/state.h"
#include "pkg/sandbox/agent.h"
#include "pkg/sandbox/network/endpoint.h"

namespace kata::sandbox {

/// Readers accept this schema and the one before it; another is an error that names both.
inline constexpr int kRecordSchema = 1;

struct SandboxRecord {
    std::string id;
    std::string vm_name;
    std::string vm_uuid;
    pid_t vm_pid = 0;   // 0: the VM has not been confirmed to run
    bool ready = true;  // false: whoever sets it up for containers has not finished
    unsigned port_count = 0;
    std::optional<std::uint32_t> vsock_cid;
    // What the VM has, for `update`; 0 in records of versions that could not resize.
    unsigned default_cpus = 0;  // what it would have without limits of containers
    std::uint64_t default_memory_mib = 0;
    unsigned cpus = 0;      // on line
    unsigned max_cpus = 0;  // present
    std::uint64_t boot_memory_mib = 0;
    std::uint64_t plugged_memory_mib = 0;
    std::uint64_t max_memory_mib = 0;  // 0: it cannot grow
    bool copies_files = false;         // its guest has no share
    NetworkRecord network{};
    // What has changed the configuration for this sandbox holds as long as it does.
    std::map<std::string, std::string> config_annotations{};
};

struct ContainerRecord {
    std::string id;
    std::string sandbox_id;
    std::string root;    // the --root this container belongs to
    std::string bundle;  // absolute
    std::string rootfs;  // absolute, on the host
    std::chrono::system_clock::time_point created;
    oci::Status last_status = oci::Status::creating;  // creating, created, running, stopped
    base::ProcessId shim;                             // pid 0 until it is cloned
    base::ProcessId creator;                          // the command that creates it
    std::string oci_version;                          // of its spec
    std::map<std::string, std::string> annotations;   // of its spec
    bool owns_sandbox = true;                         // false: one of several containers of a pod
    bool paused = false;                              // its processes were stopped by `pause`
    // Disks of the VM that it uses, by their serials, and groups of hardware by their names.
    std::vector<std::string> disks{};
};

/// What the container is now: `creating` needs a living creator; `created`, `running` and `paused`
/// a living shim.
[[nodiscard]] oci::Status derive_status(const ContainerRecord& record);

[[nodiscard]] std::string to_json_text(const SandboxRecord& record);
[[nodiscard]] std::string to_json_text(const ContainerRecord& record);

/// @param origin file name for messages. @throws base::Error internal: `cannot use "<origin>":
/// ...`.
[[nodiscard]] SandboxRecord parse_sandbox_record(const std::string& text,
                                                 const std::string& origin);
[[nodiscard]] ContainerRecord parse_container_record(const std::string& text,
                                                     const std::string& origin);

}  // namespace kata::sandbox
