// The end of a command that failed: what is said where, and the exit status.
#pragma once

#include <exception>

#include "cli/log_setup.h"
#include "cli/options.h"

namespace kata::cli {

/// The status of a command that failed: 1, and 255 for exec, whose other statuses are those of the
/// program it ran.
[[nodiscard]] int failure_status(const CommandOptions& command);

/// Writes the error once to the log and as a line to standard error. An exception that is not a
/// base::Error is a bug and is called "internal error". Throws nothing.
/// @param log nullptr: there is no log (yet).
void report_failure(const std::exception& failure, CommandLog* log) noexcept;

}  // namespace kata::cli
