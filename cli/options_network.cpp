#include <algorithm>
#include <array>
#include <string_view>

#include "cli/options_commands.h"

namespace kata::cli {
namespace {

struct Action {
    std::string_view name;
    NetworkOptions::Action action;
    bool takes_file;
};

constexpr std::array<Action, 7> kActions{{
    {"add-iface", NetworkOptions::Action::add_interface, true},
    {"del-iface", NetworkOptions::Action::remove_interface, true},
    {"list-ifaces", NetworkOptions::Action::list_interfaces, false},
    {"list-routes", NetworkOptions::Action::list_routes, false},
    {"update-routes", NetworkOptions::Action::update_routes, true},
    {"refresh", NetworkOptions::Action::refresh, false},
    {"watch", NetworkOptions::Action::watch, false},
}};

base::Error misuse(const std::string& message) {
    return {base::ErrorCode::invalid_argument,
            "kata-network " + message + "; see 'kata-runtime help kata-network'"};
}

}  // namespace

void add_flags(FlagSet& /*flags*/, NetworkOptions& /*options*/) {}

void take_positionals(NetworkOptions& options, const Positionals& words) {
    const auto* const found = std::ranges::find(kActions, words[0], &Action::name);
    if (found == kActions.end()) {
        throw misuse("has no \"" + base::printable(words[0], 64) + "\"");
    }
    if (found->takes_file != (words.size() == 3)) {
        throw misuse(words[0] + (found->takes_file ? " needs a file, or - for standard input"
                                                   : " takes a container's id and nothing else"));
    }
    options.action = found->action;
    options.id = words[1];
    options.file = found->takes_file ? words[2] : "";
}

}  // namespace kata::cli
