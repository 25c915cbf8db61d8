#include <nlohmann/json.hpp>

#include "cli/check_host.h"
#include "cli/commands.h"
#include "cli/env_document.h"
#include "cli/env_toml.h"

namespace kata::cli {

int execute(const EnvOptions& options, const HostContext& context) {
    const nlohmann::ordered_json document = env_document(report_host(context.global));
    write_output(options.json
                     ? document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"
                     : toml_text(document));
    return 0;
}

}  // namespace kata::cli
