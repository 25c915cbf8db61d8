#include "pkg/sandbox/guest_setup.h"

#include <sstream>

#include "pkg/sandbox/guest_swap.h"
#include "pkg/sandbox/vm_share.h"

namespace kata::sandbox {

SandboxSetup guest_setup(const RuntimeConfig& config, const std::string& sandbox_id) {
    SandboxSetup setup{sandbox_id, guest_storages(config), {}, {}};
    for (const std::string& line : config.kernel_modules) {
        std::istringstream words(line);
        GuestModule module;
        if (!(words >> module.name)) {
            continue;
        }
        for (std::string parameter; words >> parameter;) {
            module.parameters.push_back(parameter);
        }
        setup.kernel_modules.push_back(std::move(module));
    }
    if (config.guest_swap) {
        setup.storages.push_back(guest_swap_storage(config));
    }
    setup.hook_path = config.guest_hook_path;
    return setup;
}

}  // namespace kata::sandbox
