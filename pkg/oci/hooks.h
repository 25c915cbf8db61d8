// Running the hooks of a spec on the host, one after the other, in the order of the file. Who calls
// decides when, with which state, in which namespaces, and what a failure undoes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/deadline.h"
#include "pkg/base/error.h"
#include "pkg/oci/spec.h"

namespace kata::oci {

enum class HookStage {
    prestart,
    create_runtime,
    create_container,
    start_container,
    poststart,
    poststop,
};

/// The stage's name in config.json, e.g. "createRuntime".
[[nodiscard]] std::string_view to_string(HookStage stage);

[[nodiscard]] const std::vector<Hook>& hooks_of(const Hooks& hooks, HookStage stage);

/// What every hook of one stage is given.
struct HookContext {
    std::string state_json;                     // written to its standard input
    std::filesystem::path working_dir;          // the bundle
    std::vector<std::string> enter_namespaces;  // /proc/<pid>/ns/... files; empty: the runtime's
};

/// Runs the hooks of `stage` with execve(path, args, env) exactly, until one fails. A hook has its
/// own `timeout`, and all of them `deadline`; one that is late is killed with its process group.
/// @throws base::Error timeout, not_found, permission_denied, or invalid_argument for one that
/// ended with a code other than 0; the message names stage, path, code and the end of its standard
/// error.
void run_hooks(const Hooks& hooks,
               HookStage stage,
               const HookContext& context,
               base::Deadline deadline);

/// As run_hooks, but a failure does not stop the next one (poststop). @return what failed.
[[nodiscard]] std::vector<base::Error> run_all_hooks(const Hooks& hooks,
                                                     HookStage stage,
                                                     const HookContext& context,
                                                     base::Deadline deadline);

}  // namespace kata::oci
