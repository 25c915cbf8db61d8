#include "pkg/agent/guest/network_sysctl.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

using nlohmann::json;

json* sysctls_of(json& spec) {
    const auto linux_section = spec.find("linux");
    if (linux_section == spec.end() || !linux_section->is_object()) {
        return nullptr;
    }
    const auto sysctls = linux_section->find("sysctl");
    return sysctls != linux_section->end() && sysctls->is_object() ? &*sysctls : nullptr;
}

bool is_of_the_network(const std::string& name) {
    return name.starts_with("net.") || name.starts_with("net/");
}

}  // namespace

std::map<std::string, std::string> take_network_sysctls(json& spec) {
    std::map<std::string, std::string> taken;
    json* sysctls = sysctls_of(spec);
    if (sysctls == nullptr) {
        return taken;
    }
    for (const auto& [name, value] : sysctls->items()) {
        if (is_of_the_network(name) && value.is_string()) {
            taken[name] = value.get<std::string>();
        }
    }
    for (const auto& [name, value] : taken) {
        sysctls->erase(name);
    }
    return taken;
}

std::filesystem::path sysctl_path(const std::string& name) {
    std::string path = name;
    const auto separator = name.find_first_of("./");
    if (separator != std::string::npos && name[separator] == '.') {
        std::ranges::transform(path, path.begin(), [](char character) {
            return character == '.' ? '/' : character == '/' ? '.' : character;
        });
    }
    const std::filesystem::path relative(path);
    if (path.empty() || relative.is_absolute() || relative.lexically_normal() != relative) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "invalid name \"" + base::printable(name, 256) + "\"");
    }
    return std::filesystem::path("/proc/sys") / relative;
}

void set_sysctls(const std::map<std::string, std::string>& values) {
    for (const auto& [name, value] : values) {
        try {
            base::write_existing_file(sysctl_path(name), value);
        } catch (const base::Error& error) {
            throw error.with_context("cannot set the sysctl \"" + base::printable(name, 256) +
                                     "\"");
        }
    }
}

}  // namespace kata::agent::guest
