// DnsStream: the questions that containers ask the engine's resolver, as they arrive from the
// guest, and the way back. read() belongs to one thread, write() to one other, cancel() to any.
//
// The guest is not trusted: a question is at most kMaxDnsMessage bytes, or it is not delivered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include "agent.grpc.pb.h"

namespace kata::agent {

inline constexpr std::size_t kMaxDnsMessage = 65535;

struct DnsQuestion {
    std::uint64_t id = 0;
    bool tcp = false;
    std::string message;  // RFC 1035
};

class DnsStream {
  public:
    explicit DnsStream(const std::shared_ptr<grpc::Channel>& channel);

    /// Waits for the next question. False: the guest has closed the call, or the connection broke.
    [[nodiscard]] bool read(DnsQuestion& question);

    /// @param message empty: there is no answer. False: nobody waits any more.
    [[nodiscard]] bool write(std::uint64_t id, std::string message);

    void cancel() { context_.TryCancel(); }

  private:
    std::unique_ptr<v1::AgentService::Stub> stub_;
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReaderWriter<v1::DnsAnswer, v1::DnsQuery>> stream_;
};

}  // namespace kata::agent
