// FakeRuntime: containers that are plain children of the test; their "specification" is a shell
// script. Each script leads a process group, which ends with the runtime.
#pragma once

#include <signal.h>

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pkg/agent/guest/container_runtime.h"
#include "pkg/agent/guest/launcher.h"
#include "pkg/agent/guest/reaper.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {

class FakeRuntime final : public ContainerRuntime {
  public:
    explicit FakeRuntime(Reaper& reaper) : reaper_(reaper) {}
    FakeRuntime(const FakeRuntime&) = delete;
    FakeRuntime& operator=(const FakeRuntime&) = delete;
    FakeRuntime(FakeRuntime&&) = delete;
    FakeRuntime& operator=(FakeRuntime&&) = delete;
    ~FakeRuntime() override {
        for (const pid_t pid : started_) {
            ::kill(-pid, SIGKILL);
        }
    }

    /// The script "fail" is one that crun refuses; "slow" takes its whole time and some more to
    /// give up. Others wait, as a real init does, for start().
    StartedProcess create(const std::string& id,
                          const std::string& script,
                          base::Deadline deadline) override {
        if (script == "slow") {
            std::this_thread::sleep_for(deadline.remaining() + std::chrono::milliseconds(300));
            throw base::Error(base::ErrorCode::timeout, "its hooks did not end in time");
        }
        if (script == "fail") {
            throw base::Error(base::ErrorCode::not_found,
                              "exec: \"x\": executable file not found in $PATH");
        }
        StartedProcess process = run("kill -STOP $$; " + script);
        const std::lock_guard lock(mutex_);
        inits_[id] = process.pid;
        return process;
    }
    void start(const std::string& id) override {
        const pid_t pid = init_of(id);
        while (!is_stopped(pid)) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        ::kill(pid, SIGCONT);
    }
    StartedProcess exec(const std::string& /*id*/,
                        unsigned /*number*/,
                        const std::string& script) override {
        return run(script);
    }
    void remove(const std::string& id) override {
        const std::lock_guard lock(mutex_);
        const auto init = inits_.find(id);
        if (init != inits_.end()) {
            ::kill(-init->second, SIGKILL);
            inits_.erase(init);
        }
    }

  private:
    static bool is_stopped(pid_t pid) {
        const auto stat = base::try_read_file("/proc/" + std::to_string(pid) + "/stat");
        return stat.value_or("").find(") T ") != std::string::npos;
    }
    pid_t init_of(const std::string& id) {
        const std::lock_guard lock(mutex_);
        return inits_.at(id);
    }
    StartedProcess run(const std::string& script) {
        StdioPipes pipes = make_stdio_pipes();
        LaunchSpec spec;
        spec.program = "/bin/sh";
        spec.args = {"-c", script};
        spec.standard_input = pipes.process.input.get();
        spec.standard_output = pipes.process.output.get();
        spec.standard_error = pipes.process.error.get();
        const pid_t pid = launch(spec, reaper_);
        const std::lock_guard lock(mutex_);
        started_.push_back(pid);
        return {pid, std::move(pipes.agent)};
    }

    Reaper& reaper_;
    std::mutex mutex_;
    std::map<std::string, pid_t> inits_;
    std::vector<pid_t> started_;
};

}  // namespace kata::agent::guest
