// The rules of spec_validate.h by topic, each topic a list of functions of one rule. Internal to
// this folder.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "pkg/base/error.h"
#include "pkg/oci/spec.h"
#include "pkg/oci/spec_validate.h"

namespace kata::oci {

void check_mounts(const Spec& spec, Warnings& warnings);
void check_hooks(const Spec& spec);
void check_linux(const Spec& spec);
/// Not the host's network.
void check_network(const Spec& spec);
void check_names(const Spec& spec);
void check_process(const Process& process, const std::string& path, Warnings& warnings);

/// @throws base::Error invalid_argument: "<path> <rule>".
[[noreturn]] inline void refuse(const std::string& path, const std::string& rule) {
    throw base::Error(base::ErrorCode::invalid_argument, path + " " + rule);
}

/// For what is right as a specification, and not to be had in a VM.
[[noreturn]] inline void refuse_unsupported(const std::string& path, const std::string& reason) {
    throw base::Error(base::ErrorCode::unsupported, path + " " + reason);
}

/// A value of a stranger as it stands in a message.
[[nodiscard]] inline std::string in_quotes(std::string_view value) {
    return "\"" + base::printable(value, 200) + "\"";
}

[[nodiscard]] inline bool is_absolute(std::string_view path) {
    return !path.empty() && path.front() == '/';
}

[[nodiscard]] inline bool is_one_of(std::string_view value,
                                    std::initializer_list<std::string_view> allowed) {
    return std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

/// @throws base::Error `<path> has the unknown value "x"; use one of A, B`.
void require_one_of(const std::string& path,
                    std::string_view value,
                    std::span<const std::string_view> allowed);

inline void require_one_of(const std::string& path,
                           std::string_view value,
                           std::initializer_list<std::string_view> allowed) {
    require_one_of(path, value, std::span(allowed.begin(), allowed.size()));
}

}  // namespace kata::oci
