// What crun says when it fails, in the words of runc, which engines search for to choose their own
// exit codes (126, 127) and messages. The only place that knows crun's texts.
#pragma once

#include <string>

#include "pkg/base/error.h"

namespace kata::agent::guest {

/// @param operation what was being done, e.g. "create the container"
/// @param text crun's output, any length, not trusted
/// @param executable args[0] of the process
[[nodiscard]] base::Error translate_crun_error(const std::string& operation,
                                               const std::string& text,
                                               const std::string& executable);

}  // namespace kata::agent::guest
