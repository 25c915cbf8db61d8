#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/config_document.h"
#include "pkg/base/error.h"
#include "pkg/sandbox/config/annotations.h"
#include "pkg/sandbox/state_store.h"

namespace kata::cli {
namespace {

/// The configuration as the sandbox of a container has it.
sandbox::LoadedConfig config_of(const std::string& id,
                                sandbox::LoadedConfig loaded,
                                const GlobalOptions& global) {
    if (::geteuid() != 0) {
        throw base::Error(base::ErrorCode::permission_denied,
                          "cannot show the configuration of \"" + id +
                              "\": only root may look at containers; use sudo");
    }
    const sandbox::StateStore store(global.root, loaded.config.state_dir);
    const auto record = sandbox::StateStore::load_sandbox(store.get(oci::ContainerId(id)));
    return sandbox::with_accepted_annotations(std::move(loaded), record.config_annotations);
}

}  // namespace

int execute(const ConfigOptions& options, const HostContext& context) {
    if (options.action == ConfigOptions::Action::check) {
        write_output(config_findings(sandbox::load_single_config(options.file)));
        return 0;
    }
    auto loaded = sandbox::load_config_with_origins(context.global.config);
    if (!options.id.empty()) {
        loaded = config_of(options.id, std::move(loaded), context.global);
    }
    constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
    write_output(options.json
                     ? config_json(loaded, options.origin).dump(2, ' ', false, kReplace) + "\n"
                     : config_toml(loaded, options.origin));
    return 0;
}

}  // namespace kata::cli
