// What `exec` runs, as an OCI process object: the container's own process, changed by the options
// of the command line. Pure.
#pragma once

#include <string>

#include "cli/options.h"
#include "pkg/oci/spec.h"

namespace kata::cli {

/// @param base the container's `process` as it was at create.
/// @return a complete process object. `terminal` is what the options say, whatever `base` has.
/// @throws base::Error invalid_argument naming the option: a variable without "=", a user or group
/// that is no number, an unknown capability, no arguments, a cwd that is not absolute.
[[nodiscard]] std::string exec_process_json(const oci::Process& base,
                                            const ExecProcessOptions& options);

}  // namespace kata::cli
