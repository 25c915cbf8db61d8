// FakeSystemd: what of systemd's manager a runtime asks over D-Bus, without units behind it. It
// serves connections with or without a bus's greeting, remembers what it was asked, and behaves as
// told.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <systemd/sd-bus.h>
#include <thread>
#include <utility>
#include <vector>

#include "pkg/base/unique_fd.h"

namespace kata::test {

struct SystemdCall {
    std::string method;
    std::string unit;
    std::map<std::string, std::string> properties;  // booleans as yes and no, lists with commas
};

struct SystemdScript {
    std::string result = "done";  // how every job ends
    unsigned exists = 0;          // so many times, the unit to be started is there already
    std::string refusal = {};     // the name of the error that every job is refused with
    bool never_answers = false;
    bool never_ends_a_job = false;
    bool ends_before_it_answers = false;
    bool hangs_up = false;
    std::function<void(const SystemdCall&)> on_call = {};  // one at a time
};

class FakeSystemd {
  public:
    explicit FakeSystemd(SystemdScript script = {}) : script_(std::move(script)) {}
    FakeSystemd(const FakeSystemd&) = delete;
    FakeSystemd& operator=(const FakeSystemd&) = delete;
    FakeSystemd(FakeSystemd&&) = delete;
    FakeSystemd& operator=(FakeSystemd&&) = delete;
    /// Ends all connections.
    ~FakeSystemd() = default;

    /// Serves one connection, on a thread of its own.
    void serve(base::UniqueFd connection);

    [[nodiscard]] std::vector<SystemdCall> calls() const;

  private:
    void serve_until(const std::stop_token& stop, base::UniqueFd connection);
    int answer(sd_bus_message* call);
    int answer_job(sd_bus_message* call, const SystemdCall& noted);
    void end_job(sd_bus_message* call, const std::string& unit);
    bool takes_the_name();

    SystemdScript script_;
    mutable std::mutex mutex_;
    std::vector<SystemdCall> calls_;
    std::vector<std::jthread> threads_;
};

}  // namespace kata::test
