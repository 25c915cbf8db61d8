#include "pkg/oci/spec_validate.h"

#include <regex>

#include "pkg/oci/rules.h"

namespace kata::oci {
namespace {

constexpr std::size_t kMaxHostname = 64;  // of sethostname(2)
constexpr std::size_t kMaxVersion = 64;   // std::regex recurses with the length of its input

void check_version(const Spec& spec) {
    if (spec.oci_version.empty()) {
        refuse("ociVersion", "must be set, for example to \"1.0.2\"");
    }
    static const std::regex semantic_version(
        R"((\d+)\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?)");
    std::smatch match;
    if (spec.oci_version.size() > kMaxVersion ||
        !std::regex_match(spec.oci_version, match, semantic_version)) {
        refuse("ociVersion",
               "must be a semantic version such as \"1.0.2\", not " + in_quotes(spec.oci_version));
    }
    if (match[1] != "1") {
        refuse_unsupported("ociVersion",
                           in_quotes(spec.oci_version) + " is not supported; use a 1.x version");
    }
}

void check_root(const Spec& spec) {
    if (!spec.root) {
        refuse("root", "must be set");
    }
    if (spec.root->path.empty()) {
        refuse("root.path", "must not be empty");
    }
}

void check_name(const std::string& path, const std::string& name) {
    if (name.size() > kMaxHostname) {
        refuse(path, "must not be longer than " + std::to_string(kMaxHostname) + " bytes");
    }
}

void check_process_is_set(const Spec& spec) {
    if (!spec.process) {
        refuse("process", "property must not be empty");
    }
}

}  // namespace

void require_one_of(const std::string& path,
                    std::string_view value,
                    std::span<const std::string_view> allowed) {
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) {
        return;
    }
    std::string names;
    for (const auto name : allowed) {
        names += (names.empty() ? "" : ", ") + std::string(name);
    }
    refuse(path, "has the unknown value " + in_quotes(value) + "; use one of " + names);
}

Warnings validate(const Spec& spec, HostNetwork host_network) {
    Warnings warnings;
    check_version(spec);
    check_process_is_set(spec);
    check_process(*spec.process, "process", warnings);
    check_root(spec);
    check_name("hostname", spec.hostname);
    check_name("domainname", spec.domainname);
    check_mounts(spec, warnings);
    check_hooks(spec);
    check_linux(spec);
    if (host_network == HostNetwork::refused) {
        check_network(spec);
    }
    check_names(spec);
    return warnings;
}

Warnings validate(const Process& process, const std::string& path) {
    Warnings warnings;
    check_process(process, path, warnings);
    return warnings;
}

}  // namespace kata::oci
