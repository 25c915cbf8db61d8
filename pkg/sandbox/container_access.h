// What several use-cases do with a container that exists already.
#pragma once

#include <vector>

#include "pkg/base/log.h"
#include "pkg/base/process.h"
#include "pkg/oci/spec.h"
#include "pkg/oci/state.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/record.h"
#include "pkg/sandbox/state_store.h"

namespace kata::sandbox {

/// @throws base::Error not_found "container does not exist" also for one whose create has only
/// begun.
[[nodiscard]] ContainerRecord load_record(const ContainerPlace& place);

/// `config` as the container's sandbox has it, whose annotations may have changed it; a sandbox
/// that is only being created has it as it is.
[[nodiscard]] RuntimeConfig sandbox_config(const RuntimeConfig& config,
                                           const ContainerPlace& place);

/// @throws base::Error invalid_state unless the container's present status allows `operation`.
void require(const ContainerPlace& place, const ContainerRecord& record, oci::Operation operation);

/// The document that hooks get.
[[nodiscard]] std::string hook_state(const ContainerRecord& record, oci::Status status);

/// The last thing a container sees, also one whose create failed; hooks that fail are only logged.
void run_poststop(const oci::Spec& spec, const ContainerRecord& record, base::Log& log);

/// Remembers the shim of an exec, for `ps`; those that have ended are forgotten.
void remember_exec(const ContainerPlace& place, const base::ProcessId& shim);
[[nodiscard]] std::vector<base::ProcessId> living_execs(const ContainerPlace& place);

/// Waits until the process is gone. @throws base::Error timeout naming `what`.
void await_end(const base::ProcessId& process, const std::string& what, base::Deadline deadline);

}  // namespace kata::sandbox
