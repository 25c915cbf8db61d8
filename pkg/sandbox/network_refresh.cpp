#include "pkg/sandbox/network_refresh.h"

#include "pkg/sandbox/config/annotations.h"
#include "pkg/sandbox/journal.h"

namespace kata::sandbox {

std::string lasting_network(const oci::Spec& spec) {
    const oci::Namespace* network = oci::find_namespace(spec, "network");
    return network == nullptr ? "" : network->path;
}

void change_network(const NetworkOwner& owner,
                    const std::function<void(SandboxNetwork&, pid_t vm_pid)>& change) {
    SandboxRecord record = StateStore::load_sandbox(owner.place);
    Journal journal(owner.place.journal(), "");
    const RuntimeConfig config = with_accepted_annotations(owner.config, record.config_annotations);
    SandboxNetwork network({config,
                            owner.log,
                            journal,
                            "/proc/" + std::to_string(owner.owner.shim.pid) + "/ns/net",
                            lasting_network(StateStore::load_spec(owner.place)),
                            record.vm_uuid},
                           record.network);
    const auto save = [&] {
        if (network.record() != record.network) {
            record.network = network.record();
            StateStore::save_sandbox(owner.place, record);
        }
    };
    try {
        change(network, record.vm_pid);
    } catch (...) {
        save();
        throw;
    }
    save();
}

void refresh_network(const NetworkOwner& owner, const std::function<Agent&()>& agent) {
    change_network(owner, [&](SandboxNetwork& network, pid_t vm_pid) {
        if (network.has_changed()) {
            network.refresh(owner.vm.hypervisor(), agent(), vm_pid);
        }
    });
}

}  // namespace kata::sandbox
