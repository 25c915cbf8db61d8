// DnsRelay: Docker's resolver for containers of this VM. On a user-defined network their
// resolv.conf names 127.0.0.11, an address of the network namespace on the host; here the relay
// listens on it and passes each question to a kata-shim in that namespace (dns_call.h), which asks
// and answers.
//
// It listens only once a container that names the address starts, because the port belongs to the
// containers otherwise. It does not look into messages. Everything but serve() is on the loop's
// thread.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pkg/agent/guest/event_loop.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

struct DnsQuestion {
    std::uint64_t id = 0;
    bool tcp = false;
    std::string message;
};

class DnsRelay {
  public:
    /// One who answers: a call of a kata-shim.
    class Upstream {
      public:
        Upstream() = default;
        Upstream(const Upstream&) = delete;
        Upstream& operator=(const Upstream&) = delete;
        Upstream(Upstream&&) = delete;
        Upstream& operator=(Upstream&&) = delete;
        virtual ~Upstream() = default;
        virtual void ask(DnsQuestion question) = 0;
    };

    explicit DnsRelay(EventLoop& loop) : loop_(loop) {}

    /// Listens from now on if `resolv_conf`, a file's text, names the resolver. From any thread; in
    /// effect for what is posted to the loop afterwards.
    void serve(const std::string& resolv_conf);

    void attach(Upstream& upstream) { upstreams_.push_back(&upstream); }
    void detach(const Upstream& upstream);
    /// @param message empty: there is no answer.
    void answer(std::uint64_t id, const std::string& message);

  private:
    using Answer = std::function<void(const std::string& message)>;

    // A connection over TCP; one question at a time.
    struct Client {
        base::UniqueFd socket;
        std::string received;
        bool asked = false;
        EventLoop::Watch watch;
    };
    using Clients = std::list<std::shared_ptr<Client>>;

    void listen();
    void receive_datagrams();
    void accept_clients();
    void serve_client(const std::shared_ptr<Client>& client);
    void ask_for(const std::shared_ptr<Client>& client);
    void drop(const std::shared_ptr<Client>& client);
    void ask(bool tcp, std::string message, Answer answer);

    EventLoop& loop_;
    std::vector<Upstream*> upstreams_;  // the newest is asked
    std::map<std::uint64_t, Answer> waiting_;
    std::uint64_t next_id_ = 1;
    base::UniqueFd datagrams_;
    base::UniqueFd listener_;
    Clients clients_;
    EventLoop::Watch datagram_watch_;
    EventLoop::Watch listener_watch_;
};

/// Whether a line of the file names 127.0.0.11 as a name server.
[[nodiscard]] bool names_engine_resolver(const std::string& resolv_conf);

/// /etc/resolv.conf as the process sees it; empty if it has none. At most 64 KiB.
[[nodiscard]] std::string resolv_conf_of(pid_t pid);

}  // namespace kata::agent::guest
