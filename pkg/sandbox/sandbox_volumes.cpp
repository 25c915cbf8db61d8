#include "pkg/sandbox/sandbox_volumes.h"

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

// Nothing of this version gives a volume to a sandbox, so one that has it is another runtime's.
base::Error foreign_sandbox(const std::string& sandbox_id) {
    return {base::ErrorCode::unsupported,
            "sandbox \"" + base::printable(sandbox_id) +
                "\" is not one of kata-runtime; ask the runtime that has made it"};
}

}  // namespace

VolumeStats SandboxVolumes::stats(const std::string& sandbox_id, const DirectVolume& /*volume*/) {
    throw foreign_sandbox(sandbox_id);
}

void SandboxVolumes::grow(const std::string& sandbox_id,
                          const DirectVolume& /*volume*/,
                          std::uint64_t /*size*/) {
    throw foreign_sandbox(sandbox_id);
}

}  // namespace kata::sandbox
