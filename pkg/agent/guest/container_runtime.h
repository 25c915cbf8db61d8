// ContainerRuntime: the port through which containers are made in the guest. crun_runtime.h
// implements it; tests put plain processes behind it. Calls block; none is made twice at a time for
// one container.
#pragma once

#include <sys/types.h>

#include <string>

#include "pkg/agent/guest/process_io.h"
#include "pkg/base/deadline.h"

namespace kata::agent::guest {

struct StartedProcess {
    pid_t pid = 0;
    ProcessIo io;
};

class ContainerRuntime {
  public:
    ContainerRuntime() = default;
    ContainerRuntime(const ContainerRuntime&) = delete;
    ContainerRuntime& operator=(const ContainerRuntime&) = delete;
    ContainerRuntime(ContainerRuntime&&) = delete;
    ContainerRuntime& operator=(ContainerRuntime&&) = delete;
    virtual ~ContainerRuntime() = default;

    /// Makes a container whose init waits for start(). The pid is a descendant's whose exit the
    /// Reaper sees.
    /// @throws base::Error with the words engines look for (crun_error.h); nothing is left then.
    virtual StartedProcess create(const std::string& container_id,
                                  const std::string& spec_json,
                                  base::Deadline deadline) = 0;
    virtual void start(const std::string& container_id) = 0;
    /// @param number tells the container's execs apart.
    virtual StartedProcess exec(const std::string& container_id,
                                unsigned number,
                                const std::string& process_json) = 0;
    /// Kills what is left and forgets it. An unknown container is fine.
    virtual void remove(const std::string& container_id) = 0;
};

}  // namespace kata::agent::guest
