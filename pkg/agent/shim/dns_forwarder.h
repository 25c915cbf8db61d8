// DnsForwarder: asks the engine's resolver on behalf of the guest. Docker runs one on 127.0.0.11 of
// the container's network namespace, where this process lives; it knows the names of the other
// containers of a user-defined network.
//
// Two threads: one takes questions from the guest, one waits for the resolver's answers. It does
// not look into either: only that resolver is ever asked, whatever the guest says. A question
// without an answer after five seconds is forgotten; the guest's program asks again.
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pkg/agent/client/dns_stream.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent {

class DnsForwarder {
  public:
    /// Starts forwarding. @param stream borrowed. @param resolver where questions go; Docker's if
    /// not given.
    explicit DnsForwarder(DnsStream& stream, sockaddr_in resolver = docker_resolver());
    DnsForwarder(const DnsForwarder&) = delete;
    DnsForwarder& operator=(const DnsForwarder&) = delete;
    DnsForwarder(DnsForwarder&&) = delete;
    DnsForwarder& operator=(DnsForwarder&&) = delete;
    ~DnsForwarder();

    [[nodiscard]] static sockaddr_in docker_resolver();

  private:
    using Clock = std::chrono::steady_clock;

    struct Pending {
        std::uint64_t id = 0;
        bool tcp = false;
        base::UniqueFd socket;
        std::string received;
        Clock::time_point deadline;
    };

    void take_questions();
    void ask(DnsQuestion question);
    void pass_answers();
    [[nodiscard]] std::vector<Pending> take_asked();
    // False once the answer is there, or never will be.
    [[nodiscard]] bool still_waits(Pending& pending);
    [[nodiscard]] bool receive(Pending& pending);

    DnsStream& stream_;
    const sockaddr_in resolver_;
    base::UniqueFd wakeup_;
    std::mutex mutex_;
    std::vector<Pending> asked_;  // guarded by mutex_, until the second thread takes them
    bool stopping_ = false;       // guarded by mutex_
    std::vector<std::thread> threads_;
};

}  // namespace kata::agent
