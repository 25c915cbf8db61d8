// Container engines on the host, and whether their configuration names this runtime.
#pragma once

#include "pkg/host/facts.h"
#include "pkg/host/roots.h"

namespace kata::host {

// Each reads the engine's own files only; no engine is asked.
[[nodiscard]] Engine probe_docker(const Roots& roots);      // /etc/docker/daemon.json
[[nodiscard]] Engine probe_podman(const Roots& roots);      // containers.conf and its drop-ins
[[nodiscard]] Engine probe_containerd(const Roots& roots);  // /etc/containerd/config.toml

}  // namespace kata::host
