// The one place where libvirt's errors become base::Error. libvirt keeps its last error per thread,
// so these functions are called on the thread of the failed call, right after it.
#pragma once

#include <string>
#include <string_view>

#include "pkg/base/error.h"

namespace kata::libvirt_driver {

/// The error of the last failed libvirt call of this thread: "<operation>: <libvirt's words>".
/// @param operation what was tried, with its object, e.g. `cannot start VM "kata-x"`.
[[nodiscard]] base::Error last_error(std::string_view operation);

/// The code for a value of virErrorNumber; internal for a number this file does not know.
[[nodiscard]] base::ErrorCode code_of(int libvirt_error_number);

/// virErrorNumber of the last failed call of this thread; 0 if there is none.
[[nodiscard]] int last_error_number();

/// The error for a daemon that cannot be reached. @param cause libvirt's words.
[[nodiscard]] base::Error unreachable_error(std::string_view uri, std::string_view cause);

/// Stops libvirt from printing errors to standard error by itself, for the whole process.
void silence_libvirt();

}  // namespace kata::libvirt_driver
