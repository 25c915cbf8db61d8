#include "pkg/sandbox/host_network.h"

#include <vector>

#include "pkg/base/error.h"
#include "pkg/sandbox/network/connection.h"

namespace kata::sandbox {

void refuse_host_network(const oci::Spec& spec) {
    const oci::Namespace* network = oci::find_namespace(spec, "network");
    if (network == nullptr || network->path.empty()) {
        return;
    }
    if (!is_host_network(network->path)) {
        return;
    }
    throw base::Error(base::ErrorCode::unsupported,
                      "linux.namespaces has the host's \"network\" (\"" +
                          base::printable(network->path, 256) +
                          "\"): host networking cannot be given to a container in a VM; use a "
                          "network of its own (docker and podman: --network bridge or none) and "
                          "publish its ports");
}

void leave_in_host_network(oci::Spec& spec) {
    if (spec.linux_) {
        std::erase_if(spec.linux_->namespaces, [](const oci::Namespace& one) {
            return one.type == "network" && one.path.empty();
        });
    }
}

}  // namespace kata::sandbox
