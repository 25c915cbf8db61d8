// Reaper: the only caller of wait(2) in kata-agent. As pid 1 the agent inherits every orphan of the
// guest, the containers' processes among them, so it waits for whatever ends and hands each exit to
// who asked for that pid.
//
// A process may end before anybody knows its pid (crun tells it in a file). While a Hold exists,
// exits nobody asked for are kept; without one they are orphans of no interest and dropped.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "pkg/base/deadline.h"

namespace kata::agent::guest {

class Reaper {
  public:
    /// Called on the reaper's thread, once, with a status as of an exit shell: code, or 128 +
    /// signal.
    using ExitHandler = std::function<void(int exit_code)>;

    /// Keeps exits that come before their watch().
    class Hold {
      public:
        explicit Hold(Reaper& reaper);
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;
        Hold(Hold&&) = delete;
        Hold& operator=(Hold&&) = delete;
        ~Hold();

      private:
        Reaper& reaper_;
    };

    Reaper();
    Reaper(const Reaper&) = delete;
    Reaper& operator=(const Reaper&) = delete;
    Reaper(Reaper&&) = delete;
    Reaper& operator=(Reaper&&) = delete;
    /// Waits until no child is left.
    ~Reaper();

    /// Tells the thread that there may be children again; after every fork.
    void child_started();

    /// Hands the exit of `pid` to `handler`; at once if it is known already. The caller holds a
    /// Hold that is older than the process.
    void watch(pid_t pid, ExitHandler handler);

    /// Waits for a child under the same condition. @return its exit code.
    /// @throws base::Error timeout at the deadline; the child goes on.
    int wait(pid_t pid, base::Deadline deadline);

  private:
    void run();
    void deliver(pid_t pid, int exit_code);

    std::mutex mutex_;
    std::condition_variable children_;
    bool may_have_children_ = false;
    bool stopping_ = false;
    int holds_ = 0;
    std::map<pid_t, ExitHandler> watched_;
    std::map<pid_t, int> unclaimed_;
    std::thread thread_;  // last: it uses the others
};

}  // namespace kata::agent::guest
