#include "pkg/agent/guest/container_table.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/agent/guest/namespaces.h"
#include "pkg/agent/guest/stats.h"
#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kMaxEndedExecs = 64;  // whose exit codes are kept
constexpr std::size_t kMaxIdLength = 255;   // of a file name
constexpr std::array kEndingSignals{SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT};

std::string quoted(const std::string& id) {
    return "\"" + base::printable(id, kMaxIdLength) + "\"";
}

void require_file_name(const std::string& id) {
    if (id.empty() || id.size() > kMaxIdLength || id.front() == '.' ||
        id.find('/') != std::string::npos || id.find('\0') != std::string::npos) {
        throw Error(ErrorCode::invalid_argument, "invalid container id " + quoted(id));
    }
}

bool ends_an_idle_process(int signal) {
    return std::find(kEndingSignals.begin(), kEndingSignals.end(), signal) != kEndingSignals.end();
}

// The init of a container that waits to be started is crun's own process and, as the first of its
// pid namespace, deaf to all signals but one.
void signal_unstarted(Process& init, int signal) {
    if (ends_an_idle_process(signal)) {
        init.report_exit_as(128 + signal);
        init.signal(SIGKILL);
    } else {
        init.signal(signal);
    }
}

}  // namespace

std::shared_ptr<ContainerTable::Container> ContainerTable::find(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = containers_.find(id);
    if (found == containers_.end()) {
        throw Error(ErrorCode::not_found, "no container " + quoted(id) + " in the guest");
    }
    return found->second;
}

std::shared_ptr<ContainerTable::Container> ContainerTable::reserve(const std::string& id) {
    require_file_name(id);
    const std::lock_guard lock(mutex_);
    auto [entry, inserted] = containers_.try_emplace(id, std::make_shared<Container>());
    if (!inserted) {
        throw Error(ErrorCode::already_exists,
                    "cannot create container " + quoted(id) + ": it exists in the guest");
    }
    return entry->second;
}

std::shared_ptr<Process> ContainerTable::adopt(StartedProcess started) {
    return Process::make(loop_, started.pid, std::move(started.io));
}

pid_t ContainerTable::living_init(const std::string& id) const {
    const auto init = process(id, "");
    if (init->ended()) {
        throw Error(ErrorCode::invalid_state,
                    "cannot share a namespace of container " + quoted(id) + ": it is stopped");
    }
    return init->pid();
}

void ContainerTable::create(const std::string& id,
                            const std::string& spec_json,
                            base::Deadline deadline) {
    const auto container = reserve(id);
    const std::unique_lock lifecycle(container->lifecycle);
    const Reaper::Hold hold(reaper_);
    try {
        const auto init = adopt(runtime_.create(
            id,
            with_member_namespaces(spec_json,
                                   [&](const std::string& member) { return living_init(member); }),
            deadline));
        const Cgroup cgroup = Cgroup::of_process(init->pid(), cgroups_);
        {
            const std::lock_guard lock(mutex_);
            container->cgroup = cgroup;
            container->init = init;
        }
        log_debug("created container " + id + ", its init is process " +
                  std::to_string(init->pid()));
        reaper_.watch(init->pid(), [id, init, cgroup](int exit_code) {
            log_debug("the init of container " + id + " has ended with " +
                      std::to_string(exit_code));
            try {
                cgroup.kill();  // without a pid namespace the init does not take the others along
            } catch (const Error& error) {
                log_error(error.what());
            }
            if (out_of_memory_kills(cgroup) > 0) {
                init->note_out_of_memory();
            }
            init->note_exit(exit_code);
        });
    } catch (...) {
        const std::lock_guard lock(mutex_);
        containers_.erase(id);
        throw;
    }
}

void ContainerTable::start(const std::string& id) {
    const auto container = find(id);
    const std::unique_lock lifecycle(container->lifecycle);
    const auto init = process(id, "");
    if (container->started || init->ended()) {
        throw Error(ErrorCode::invalid_state,
                    "cannot start container " + quoted(id) + ": it is " +
                        (init->ended() ? "stopped" : "running") + ", not created");
    }
    runtime_.start(id);
    container->started = true;
    log_debug("started container " + id);
}

void ContainerTable::remove(const std::string& id) {
    std::shared_ptr<Container> container;
    try {
        container = find(id);
    } catch (const Error&) {
        return;
    }
    cgroup(id).kill();  // before the lock: whoever holds it may be waiting for one of them
    const std::unique_lock lifecycle(container->lifecycle);
    runtime_.remove(id);
    log_debug("removed container " + id);
    const std::lock_guard lock(mutex_);
    containers_.erase(id);
}

std::vector<std::string> ContainerTable::ids() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> ids;
    for (const auto& [id, container] : containers_) {
        ids.push_back(id);
    }
    return ids;
}

void ContainerTable::remove_all() {
    for (const std::string& id : ids()) {
        remove(id);
    }
}

void ContainerTable::exec(const std::string& id,
                          const std::string& exec_id,
                          const std::string& process_json) {
    if (exec_id.empty()) {
        throw Error(ErrorCode::invalid_argument, "cannot execute a process: it has no exec id");
    }
    const auto container = find(id);
    const std::shared_lock lifecycle(container->lifecycle);
    if (process(id, "")->ended()) {
        throw Error(ErrorCode::invalid_state,
                    "cannot execute a process in container " + quoted(id) + ": it is stopped");
    }
    unsigned number = 0;
    {
        const std::lock_guard lock(mutex_);
        const auto same = container->execs.find(exec_id);
        if (same != container->execs.end() && (!same->second || !same->second->ended())) {
            throw Error(ErrorCode::already_exists,
                        "cannot execute a process: exec id " + quoted(exec_id) + " is in use");
        }
        container->execs[exec_id] = nullptr;
        number = container->next_exec++;
    }
    const Reaper::Hold hold(reaper_);
    try {
        const auto process = adopt(runtime_.exec(id, number, process_json));
        log_debug("started process " + std::to_string(process->pid()) + " in container " + id);
        add_exec(*container, exec_id, process);
        reaper_.watch(process->pid(), [process](int exit_code) { process->note_exit(exit_code); });
    } catch (...) {
        const std::lock_guard lock(mutex_);
        container->execs.erase(exec_id);
        throw;
    }
}

void ContainerTable::add_guest_shell(const std::string& exec_id,
                                     const std::function<StartedProcess()>& start) {
    if (exec_id.empty()) {
        throw Error(ErrorCode::invalid_argument, "cannot open a debug console: it has no exec id");
    }
    const Reaper::Hold hold(reaper_);
    const auto shell = adopt(start());
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(guest_shells_, [](const auto& entry) { return entry.second->ended(); });
        guest_shells_[exec_id] = shell;
    }
    reaper_.watch(shell->pid(), [shell](int exit_code) { shell->note_exit(exit_code); });
}

std::shared_ptr<Process> ContainerTable::guest_shell(const std::string& exec_id) const {
    const std::lock_guard lock(mutex_);
    const auto found = guest_shells_.find(exec_id);
    if (found == guest_shells_.end()) {
        throw Error(ErrorCode::not_found, "no debug console " + quoted(exec_id) + " in the guest");
    }
    return found->second;
}

void ContainerTable::add_exec(Container& container,
                              const std::string& id,
                              std::shared_ptr<Process> process) {
    const std::lock_guard lock(mutex_);
    container.execs[id] = std::move(process);
    std::erase(container.exec_order, id);
    container.exec_order.push_back(id);
    forget_old_execs(container);
}

void ContainerTable::forget_old_execs(Container& container) {
    const auto ended = [&](const std::string& id) {
        const auto found = container.execs.find(id);
        return found == container.execs.end() || (found->second && found->second->ended());
    };
    auto count = static_cast<std::size_t>(
        std::count_if(container.exec_order.begin(), container.exec_order.end(), ended));
    for (auto id = container.exec_order.begin();
         id != container.exec_order.end() && count > kMaxEndedExecs;) {
        if (!ended(*id)) {
            ++id;
            continue;
        }
        container.execs.erase(*id);
        id = container.exec_order.erase(id);
        --count;
    }
}

void ContainerTable::signal_all(const Container& container, int signal) {
    Cgroup cgroup;
    {
        const std::lock_guard lock(mutex_);
        cgroup = container.cgroup;
    }
    const auto processes = cgroup.processes();
    if (processes.empty()) {
        throw Error(ErrorCode::not_found, "cannot signal the container: no such process");
    }
    if (signal == SIGKILL) {
        cgroup.kill();
        return;
    }
    for (const pid_t pid : processes) {
        ::kill(pid, signal);
    }
}

void ContainerTable::signal(const std::string& id,
                            const std::string& exec_id,
                            int signal,
                            bool all) {
    if (signal < 0 || signal >= NSIG) {
        throw Error(ErrorCode::invalid_argument, "invalid signal " + std::to_string(signal));
    }
    if (id.empty()) {
        guest_shell(exec_id)->signal(signal);
        return;
    }
    const auto container = find(id);
    const auto target = process(id, all ? "" : exec_id);
    const bool is_init = all || exec_id.empty();
    if (is_init && !container->started && !target->ended()) {
        signal_unstarted(*target, signal);
    } else if (all) {
        signal_all(*container, signal);
    } else {
        target->signal(signal);
    }
}

std::shared_ptr<Process> ContainerTable::process(const std::string& id,
                                                 const std::string& exec_id) const {
    if (id.empty()) {
        return guest_shell(exec_id);
    }
    const auto container = find(id);
    const std::lock_guard lock(mutex_);
    if (exec_id.empty() && container->init) {
        return container->init;
    }
    const auto found = container->execs.find(exec_id);
    if (found != container->execs.end() && found->second) {
        return found->second;
    }
    throw Error(ErrorCode::not_found,
                "no process " + quoted(exec_id) + " in container " + quoted(id));
}

Cgroup ContainerTable::cgroup(const std::string& id) const {
    const auto container = find(id);
    const std::lock_guard lock(mutex_);
    return container->cgroup;
}

void ContainerTable::kill_abandoned(const std::string& id, const std::string& exec_id) noexcept {
    try {
        if (exec_id.empty()) {
            cgroup(id).kill();
        }
        process(id, exec_id)->signal(SIGKILL);
    } catch (const std::exception&) {
        return;  // it has ended, which is what was wanted
    }
}

void ContainerTable::terminate_all(std::chrono::milliseconds patience) {
    const auto all = ids();
    for (const std::string& id : all) {
        try {
            signal(id, "", SIGTERM, false);
        } catch (const Error&) {
            continue;  // it has ended already
        }
    }
    const auto deadline = base::Deadline::after(patience);
    const auto ended = [this](const std::string& id) {
        try {
            return process(id, "")->ended();
        } catch (const Error&) {
            return true;
        }
    };
    while (!deadline.passed() && !std::all_of(all.begin(), all.end(), ended)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    for (const std::string& id : all) {
        kill_abandoned(id, "");
    }
}

}  // namespace kata::agent::guest
