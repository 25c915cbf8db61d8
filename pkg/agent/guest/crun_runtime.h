// CrunRuntime: ContainerRuntime with crun(1), the cgroupfs driver, and one directory per container:
//   <bundles>/<id>/config.json, pid, console.sock, crun.log, exec-<number>.json, ...
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/agent/guest/container_runtime.h"
#include "pkg/agent/guest/huge_pages.h"
#include "pkg/agent/guest/launcher.h"
#include "pkg/agent/guest/pod_volumes.h"
#include "pkg/agent/guest/reaper.h"
#include "pkg/agent/guest/sealed_program.h"
#include "pkg/agent/guest/shared_memory.h"

namespace kata::agent::guest {

struct CrunSettings {
    std::string program = "/usr/bin/crun";
    std::filesystem::path state = "/run/crun";
    std::filesystem::path bundles = "/run/kata-containers";
    unsigned pipe_size = 0;  // of the standard streams of containers, see make_stdio_pipes()
};

class CrunRuntime final : public ContainerRuntime {
  public:
    /// @throws base::Error if crun cannot be read.
    CrunRuntime(Reaper& reaper, CrunSettings settings)
        : reaper_(reaper),
          settings_(std::move(settings)),
          program_(settings_.program),
          shared_memory_(settings_.bundles / ".shm"),
          pod_volumes_(settings_.bundles / ".volumes") {}

    StartedProcess create(const std::string& container_id,
                          const std::string& spec_json,
                          base::Deadline deadline) override;
    void start(const std::string& container_id) override;
    StartedProcess exec(const std::string& container_id,
                        unsigned number,
                        const std::string& process_json) override;
    void remove(const std::string& container_id) override;

  private:
    struct Invocation;
    [[nodiscard]] StartedProcess start_process(const Invocation& invocation);
    void run(const Invocation& invocation, LaunchSpec spec);
    [[nodiscard]] std::filesystem::path bundle_of(const std::string& container_id) const;

    Reaper& reaper_;
    const CrunSettings settings_;
    const SealedProgram program_;
    SharedMemory shared_memory_;
    PodVolumes pod_volumes_;
    HugePages huge_pages_;
};

}  // namespace kata::agent::guest
