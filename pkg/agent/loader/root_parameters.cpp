#include "pkg/agent/loader/root_parameters.h"

#include <algorithm>
#include <sstream>

#include "pkg/base/error.h"

namespace kata::agent::loader {
namespace {

constexpr std::string_view kDevices = "/dev/";

/// The parameters, as the kernel parts them: at blanks that are in no double quotes.
std::vector<std::string> parameters_of(std::string_view command_line) {
    std::vector<std::string> parameters(1);
    bool quoted = false;
    for (const char character : command_line) {
        if (character == '"') {
            quoted = !quoted;
        } else if (!quoted && (character == ' ' || character == '\n' || character == '\t')) {
            parameters.emplace_back();
        } else {
            parameters.back() += character;
        }
    }
    return parameters;
}

void take(const std::string& parameter, std::string_view name, std::string& value) {
    if (parameter.starts_with(name)) {
        value = parameter.substr(name.size());
    }
}

std::string kind_of(const std::string& device) {
    return device.starts_with("/dev/pmem") ? "pmem" : "disk";
}

}  // namespace

RootParameters parse_root_parameters(std::string_view command_line) {
    RootParameters root;
    for (const std::string& parameter : parameters_of(command_line)) {
        take(parameter, "root=", root.device);
        take(parameter, "rootfstype=", root.type);
        take(parameter, "rootflags=", root.flags);
    }
    if (!root.device.starts_with(kDevices) || root.device.size() == kDevices.size()) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot mount the root file system: root=" + root.device +
                              " on the kernel's command line names no device below /dev");
    }
    return root;
}

std::vector<std::string> modules_of_root(const RootParameters& root, const std::string& list) {
    std::vector<std::string> paths;
    std::istringstream lines(list);
    std::string kind;
    std::string path;
    while (lines >> kind >> path) {
        const bool wanted = kind == kind_of(root.device) || kind == root.type;
        if (wanted && std::ranges::find(paths, path) == paths.end()) {
            paths.push_back(path);
        }
    }
    return paths;
}

}  // namespace kata::agent::loader
