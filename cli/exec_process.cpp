#include "cli/exec_process.h"

#include <charconv>
#include <cstdint>

#include "pkg/base/error.h"
#include "pkg/oci/spec_json.h"
#include "pkg/oci/spec_validate.h"

namespace kata::cli {
namespace {

using base::Error;
using base::ErrorCode;
using base::printable;
using nlohmann::json;

std::uint32_t number_of(const std::string& text, const char* option) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        throw Error(ErrorCode::invalid_argument,
                    std::string("invalid value \"") + printable(text, 64) + "\" for option " +
                        option + ": it must be a number, names are known to the guest only");
    }
    return value;
}

void require_variable(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        throw Error(ErrorCode::invalid_argument,
                    "invalid environment variable \"" + printable(text, 256) +
                        "\": " + (equals == 0 ? "the name is empty" : "missing '='") +
                        "; use --env NAME=VALUE");
    }
}

/// object[key] as an array, made if it is absent or null.
json& array_at(json& object, const char* key) {
    json& value = object[key];
    if (!value.is_array()) {
        value = json::array();
    }
    return value;
}

void set_user(json& process, const ExecProcessOptions& options) {
    json& user = process["user"];
    if (!options.user.empty()) {
        const auto colon = options.user.find(':');
        user["uid"] = number_of(options.user.substr(0, colon), "--user");
        if (colon != std::string::npos) {
            user["gid"] = number_of(options.user.substr(colon + 1), "--user");
        }
    }
    for (const std::string& gid : options.additional_gids) {
        array_at(user, "additionalGids").push_back(number_of(gid, "--additional-gids"));
    }
}

void add_environment(json& process, const std::vector<std::string>& variables) {
    for (const std::string& variable : variables) {
        require_variable(variable);
        array_at(process, "env").push_back(variable);
    }
}

void add_capabilities(json& process, const std::vector<std::string>& capabilities) {
    for (const std::string& capability : capabilities) {
        // Not `inheritable`: it would hand the capability on to every program that is started.
        for (const char* set : {"bounding", "effective", "permitted", "ambient"}) {
            array_at(process["capabilities"], set).push_back(capability);
        }
    }
}

void set_if_given(json& process, const char* key, const std::string& value) {
    if (!value.empty()) {
        process[key] = value;
    }
}

}  // namespace

std::string exec_process_json(const oci::Process& base, const ExecProcessOptions& options) {
    json process = base.document;
    process["args"] = options.args;
    process["terminal"] = options.tty;
    set_if_given(process, "cwd", options.cwd);
    set_if_given(process, "selinuxLabel", options.process_label);
    set_if_given(process, "apparmorProfile", options.apparmor);
    if (options.no_new_privileges) {
        process["noNewPrivileges"] = *options.no_new_privileges;
    }
    set_user(process, options);
    add_environment(process, options.env);
    add_capabilities(process, options.capabilities);

    std::string text = process.dump(-1, ' ', false, nlohmann::json::error_handler_t::strict);
    static_cast<void>(oci::validate(oci::parse_process(text, "exec"), "process"));
    return text;
}

}  // namespace kata::cli
