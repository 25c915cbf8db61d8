// DnsCall: RelayDns, the call by which a kata-shim answers what DnsRelay asks. It keeps itself
// alive until gRPC is done with it; its state lives on the event loop, as that of the calls in
// stream_calls.h.
#pragma once

#include <deque>
#include <memory>

#include <grpcpp/grpcpp.h>

#include "agent.grpc.pb.h"

#include "pkg/agent/guest/dns_relay.h"
#include "pkg/agent/guest/event_loop.h"

namespace kata::agent::guest {

class DnsCall final : public grpc::ServerBidiReactor<v1::DnsAnswer, v1::DnsQuery>,
                      public DnsRelay::Upstream {
    struct Key {
        explicit Key() = default;
    };

  public:
    /// Through begin() only, which alone has a key.
    DnsCall(Key /*key*/, EventLoop& loop, DnsRelay& relay) : loop_(loop), relay_(relay) {}

    static grpc::ServerBidiReactor<v1::DnsAnswer, v1::DnsQuery>* begin(EventLoop& loop,
                                                                       DnsRelay& relay);

    void ask(DnsQuestion question) override;
    void OnReadDone(bool ok) override;
    void OnWriteDone(bool ok) override;
    void OnCancel() override;
    void OnDone() override { self_.reset(); }

  private:
    void write_next();
    void leave();

    EventLoop& loop_;
    DnsRelay& relay_;
    std::shared_ptr<DnsCall> self_;
    std::deque<v1::DnsQuery> questions_;  // the first is being written if writing_
    v1::DnsAnswer answer_;
    bool writing_ = false;
    bool leaving_ = false;
    bool finished_ = false;
};

}  // namespace kata::agent::guest
