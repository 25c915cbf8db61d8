// The capabilities of the kernels this runtime is made for, by the names of capabilities(7).
#pragma once

#include <span>
#include <string_view>

namespace kata::oci {

/// In the order of their numbers.
[[nodiscard]] std::span<const std::string_view> capability_names();

[[nodiscard]] bool is_capability(std::string_view name);

}  // namespace kata::oci
