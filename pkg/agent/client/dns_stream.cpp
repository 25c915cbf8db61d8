#include "pkg/agent/client/dns_stream.h"

#include <utility>

namespace kata::agent {

DnsStream::DnsStream(const std::shared_ptr<grpc::Channel>& channel)
    : stub_(v1::AgentService::NewStub(channel)), stream_(stub_->RelayDns(&context_)) {}

bool DnsStream::read(DnsQuestion& question) {
    v1::DnsQuery query;
    do {
        if (!stream_->Read(&query)) {
            return false;
        }
    } while (query.message().empty() || query.message().size() > kMaxDnsMessage);
    question = {query.id(), query.tcp(), std::move(*query.mutable_message())};
    return true;
}

bool DnsStream::write(std::uint64_t id, std::string message) {
    v1::DnsAnswer answer;
    answer.set_id(id);
    answer.set_message(std::move(message));
    return stream_->Write(answer);
}

}  // namespace kata::agent
