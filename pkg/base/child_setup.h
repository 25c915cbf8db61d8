// What a child owes the program it becomes, between fork and exec.
#pragma once

#include <string>
#include <vector>

namespace kata::base {

/// argv or envp for exec: borrows the strings, ends with a null pointer. Made before the fork.
[[nodiscard]] std::vector<char*> pointers_to(const std::vector<std::string>& strings);

/// Every signal as a new program expects it: not blocked, not ignored, without a handler.
/// Async-signal-safe.
void reset_signals();

}  // namespace kata::base
