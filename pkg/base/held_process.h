// HeldProcess: a daemon that exists before it runs its program, so that who it is can be written
// down and where it is accounted be set first. If its maker dies meanwhile it ends, and nothing was
// run.
#pragma once

#include <string>
#include <vector>

#include "pkg/base/process.h"
#include "pkg/base/unique_fd.h"

namespace kata::base {

/// A program that outlives us, in a session of its own, with nothing of ours but what stands here.
struct DaemonSpec {
    std::string path;               // absolute path of the program
    std::vector<std::string> args;  // argv, argv[0] included
    UniqueFd inherited;             // its descriptor 3; invalid: it has none
    UniqueFd error_output;          // its standard error; invalid: /dev/null, as the other two
};

inline constexpr int kInheritedFd = 3;

class HeldProcess {
  public:
    /// @throws Error if there can be no process.
    [[nodiscard]] static HeldProcess make(DaemonSpec spec);

    HeldProcess(HeldProcess&&) noexcept = default;
    HeldProcess& operator=(HeldProcess&&) = delete;
    HeldProcess(const HeldProcess&) = delete;
    HeldProcess& operator=(const HeldProcess&) = delete;
    /// One that was not released ends.
    ~HeldProcess();

    /// Its own, and that of the program later; it leads a session.
    [[nodiscard]] const ProcessId& id() const { return id_; }

    /// Lets it run its program. @throws Error if that cannot be run; the process has ended then.
    void release();

  private:
    HeldProcess(ProcessId id, std::string path, UniqueFd control);

    ProcessId id_;
    std::string path_;
    UniqueFd control_;  // invalid: released
};

}  // namespace kata::base
