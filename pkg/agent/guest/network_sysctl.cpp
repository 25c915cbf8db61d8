#include "pkg/agent/guest/network_sysctl.h"

#include <algorithm>
#include <array>

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

bool has_namespace(const json& spec, const std::string& type) {
    const json none = json::array();
    const auto& section = spec.at("linux");
    for (const json& name_space : section.value("namespaces", none)) {
        if (name_space.is_object() && name_space.value("type", "") == type) {
            return true;
        }
    }
    return false;
}

// The namespace whose parameter it is; "" for one of the whole kernel, which here is the VM's.
std::string namespace_of(std::string name) {
    constexpr std::array kIpc{"kernel.msgmax",
                              "kernel.msgmnb",
                              "kernel.msgmni",
                              "kernel.sem",
                              "kernel.shmall",
                              "kernel.shmmax",
                              "kernel.shmmni",
                              "kernel.shm_rmid_forced"};
    std::ranges::replace(name, '/', '.');
    if (name.starts_with("fs.mqueue.") || std::ranges::find(kIpc, name) != kIpc.end()) {
        return "ipc";
    }
    return name == "kernel.hostname" || name == "kernel.domainname" ? "uts" : "";
}

// crun sets what a namespace of the container has, and refuses everything else.
bool is_for_crun(const json& spec, const std::string& name) {
    const std::string type = namespace_of(name);
    return !type.empty() && has_namespace(spec, type);
}

}  // namespace

std::map<std::string, std::string> take_guest_sysctls(json& spec) {
    std::map<std::string, std::string> taken;
    json* sysctls = sysctls_of(spec);
    if (sysctls == nullptr) {
        return taken;
    }
    for (const auto& [name, value] : sysctls->items()) {
        if (value.is_string() && !is_for_crun(spec, name)) {
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
