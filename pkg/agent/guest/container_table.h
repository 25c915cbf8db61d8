// ContainerTable: the containers of this VM and what can be done with them. Thread-safe; calls may
// block for as long as crun runs, except process() and kill_abandoned().
//
// Commands that change one container exclude each other; execs of one container run side by side;
// signals wait for nobody, so that a start that hangs can be killed.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "pkg/agent/guest/cgroup.h"
#include "pkg/agent/guest/container_runtime.h"
#include "pkg/agent/guest/event_loop.h"
#include "pkg/agent/guest/process.h"
#include "pkg/agent/guest/reaper.h"

namespace kata::agent::guest {

class ContainerTable {
  public:
    /// @param cgroups where the cgroup v2 tree is mounted: the groups of containers are killed
    /// there.
    ContainerTable(EventLoop& loop,
                   Reaper& reaper,
                   ContainerRuntime& runtime,
                   std::filesystem::path cgroups = "/sys/fs/cgroup")
        : loop_(loop), reaper_(reaper), runtime_(runtime), cgroups_(std::move(cgroups)) {}

    /// @throws base::Error already_exists, invalid_argument for an id that is no file name, and the
    /// runtime's.
    void create(const std::string& id,
                const std::string& spec_json,
                base::Deadline deadline = base::Deadline::after(std::chrono::seconds(120)));
    /// @throws base::Error invalid_state unless the container is created and not yet started.
    void start(const std::string& id);
    /// Kills what is left of it and forgets it. An unknown id is fine.
    void remove(const std::string& id);
    void remove_all();
    /// @param exec_id not empty, and not that of an exec that still runs.
    void exec(const std::string& id, const std::string& exec_id, const std::string& process_json);
    /// Takes a shell of the guest itself, which is then the process `exec_id` of container "".
    /// @param start called here, so that no exit of it is missed.
    void add_guest_shell(const std::string& exec_id, const std::function<StartedProcess()>& start);
    /// @param exec_id empty: the init. @param all every process of the container, whatever exec_id
    /// says.
    /// @throws base::Error not_found "no such process" if there is nobody to signal.
    void signal(const std::string& id, const std::string& exec_id, int signal, bool all);

    /// @throws base::Error not_found.
    [[nodiscard]] std::shared_ptr<Process> process(const std::string& id,
                                                   const std::string& exec_id) const;
    [[nodiscard]] Cgroup cgroup(const std::string& id) const;

    /// SIGKILL to a process whose owner on the host is gone; its init takes the whole container
    /// along.
    void kill_abandoned(const std::string& id, const std::string& exec_id) noexcept;

    /// SIGTERM to every init, and SIGKILL to all that is left after `patience`.
    void terminate_all(std::chrono::milliseconds patience);

  private:
    struct Container {
        std::shared_mutex lifecycle;
        std::atomic<bool> started = false;
        Cgroup cgroup;                  // guarded by the table's mutex, as is all below
        std::shared_ptr<Process> init;  // none while it is being created
        std::map<std::string, std::shared_ptr<Process>> execs;
        std::deque<std::string> exec_order;
        unsigned next_exec = 1;
    };

    [[nodiscard]] std::shared_ptr<Container> find(const std::string& id) const;
    [[nodiscard]] std::shared_ptr<Container> reserve(const std::string& id);
    [[nodiscard]] std::shared_ptr<Process> adopt(StartedProcess started);
    [[nodiscard]] std::shared_ptr<Process> guest_shell(const std::string& exec_id) const;
    [[nodiscard]] pid_t living_init(const std::string& id) const;
    [[nodiscard]] std::vector<std::string> ids() const;
    void add_exec(Container& container, const std::string& id, std::shared_ptr<Process> process);
    void forget_old_execs(Container& container);
    void signal_all(const Container& container, int signal);

    EventLoop& loop_;
    Reaper& reaper_;
    ContainerRuntime& runtime_;
    const std::filesystem::path cgroups_;
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Container>> containers_;
    std::map<std::string, std::shared_ptr<Process>> guest_shells_;
};

}  // namespace kata::agent::guest
