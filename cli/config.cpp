#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/config_document.h"

namespace kata::cli {

int execute(const ConfigOptions& options, const HostContext& context) {
    if (options.action == ConfigOptions::Action::check) {
        write_output(config_findings(sandbox::load_single_config(options.file)));
        return 0;
    }
    const auto loaded = sandbox::load_config_with_origins(context.global.config);
    constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
    write_output(options.json
                     ? config_json(loaded, options.origin).dump(2, ' ', false, kReplace) + "\n"
                     : config_toml(loaded, options.origin));
    return 0;
}

}  // namespace kata::cli
