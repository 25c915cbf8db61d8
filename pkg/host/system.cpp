#include "pkg/host/system.h"

#include <sys/utsname.h>

#include "pkg/host/text.h"

namespace kata::host {
namespace {

std::uint64_t kibibytes(const std::string& meminfo, const char* key) {
    const auto words = words_of(value_of(meminfo, key, ':').value_or(""));
    return words.empty() ? 0 : number_of(words.front()).value_or(0);
}

std::vector<std::string> v1_controllers(const Roots& roots) {
    std::vector<std::string> controllers;
    for (const std::string& line : lines_of(text_of(roots.proc / "cgroups"))) {
        const auto words = words_of(line);
        const bool enabled = words.size() == 4 && words[3] == "1";
        if (enabled) {
            controllers.push_back(words[0]);
        }
    }
    return controllers;
}

}  // namespace

Processor probe_processor(const Roots& roots) {
    const std::string text = text_of(roots.proc / "cpuinfo");
    Processor processor;
    processor.vendor = value_of(text, "vendor_id", ':').value_or("");
    processor.model = value_of(text, "model name", ':').value_or("");
    processor.flags = words_of(value_of(text, "flags", ':').value_or(""));
    for (const std::string& line : lines_of(text)) {
        processor.count += line.starts_with("processor") ? 1 : 0;
    }
    return processor;
}

Memory probe_memory(const Roots& roots) {
    const std::string text = text_of(roots.proc / "meminfo");
    return {.total = kibibytes(text, "MemTotal"),
            .free = kibibytes(text, "MemFree"),
            .available = kibibytes(text, "MemAvailable")};
}

Distribution probe_distribution(const Roots& roots) {
    std::string text = text_of(roots.etc / "os-release");
    if (text.empty()) {
        text = text_of(roots.usr / "lib/os-release");
    }
    return {.id = value_of(text, "ID", '=').value_or(""),
            .id_like = value_of(text, "ID_LIKE", '=').value_or(""),
            .name = value_of(text, "NAME", '=').value_or(""),
            .version = value_of(text, "VERSION_ID", '=').value_or("")};
}

std::string probe_kernel(const Roots& roots) {
    return std::string(trimmed(text_of(roots.proc / "sys/kernel/osrelease")));
}

std::string probe_architecture(const Roots& roots) {
    const std::string text = text_of(roots.proc / "sys/kernel/arch");
    if (!text.empty()) {
        return std::string(trimmed(text));
    }
    utsname names{};
    return ::uname(&names) == 0 ? names.machine : "";
}

Cgroups probe_cgroups(const Roots& roots) {
    bool v1 = false;
    bool v2 = false;
    for (const std::string& line : lines_of(text_of(roots.proc / "self/mounts"))) {
        const auto words = words_of(line);
        const bool mounted = words.size() > 2 && words[1].starts_with("/sys/fs/cgroup");
        v1 = v1 || (mounted && words[2] == "cgroup");
        v2 = v2 || (mounted && words[2] == "cgroup2");
    }
    if (v2 && !v1) {
        return {CgroupLayout::v2, words_of(text_of(roots.sys / "fs/cgroup/cgroup.controllers"))};
    }
    if (!v1) {
        return {};
    }
    return {v2 ? CgroupLayout::hybrid : CgroupLayout::v1, v1_controllers(roots)};
}

Security probe_security(const Roots& roots) {
    Security security;
    const std::string enforce = text_of(roots.sys / "fs/selinux/enforce");
    if (!enforce.empty()) {
        security.selinux =
            trimmed(enforce) == "1" ? SelinuxMode::enforcing : SelinuxMode::permissive;
    }
    security.apparmor = trimmed(text_of(roots.sys / "module/apparmor/parameters/enabled")) == "Y";
    return security;
}

}  // namespace kata::host
