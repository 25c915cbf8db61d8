#include "pkg/agent/guest/dns_call.h"

#include <utility>

namespace kata::agent::guest {

grpc::ServerBidiReactor<v1::DnsAnswer, v1::DnsQuery>* DnsCall::begin(EventLoop& loop,
                                                                     DnsRelay& relay) {
    const auto call = std::make_shared<DnsCall>(Key(), loop, relay);
    call->self_ = call;
    loop.post([call] {
        if (!call->leaving_) {
            call->relay_.attach(*call);
        }
    });
    call->StartRead(&call->answer_);
    return call.get();
}

void DnsCall::ask(DnsQuestion question) {
    v1::DnsQuery query;
    query.set_id(question.id);
    query.set_tcp(question.tcp);
    query.set_message(std::move(question.message));
    questions_.push_back(std::move(query));
    write_next();
}

void DnsCall::write_next() {
    if (!writing_ && !leaving_ && !questions_.empty()) {
        writing_ = true;
        StartWrite(&questions_.front());
    }
}

void DnsCall::OnWriteDone(bool ok) {
    loop_.post([this, ok, call = self_] {
        writing_ = false;
        questions_.pop_front();
        if (ok && !leaving_) {
            write_next();
        } else {
            leave();
        }
    });
}

void DnsCall::OnReadDone(bool ok) {
    loop_.post([this, ok, call = self_] {
        if (!ok || leaving_) {
            leave();
            return;
        }
        relay_.answer(answer_.id(), answer_.message());
        StartRead(&answer_);
    });
}

void DnsCall::OnCancel() {
    loop_.post([this, call = self_] { leave(); });
}

// The call is finished when its last write is done.
void DnsCall::leave() {
    if (!std::exchange(leaving_, true)) {
        relay_.detach(*this);
    }
    if (!writing_ && !std::exchange(finished_, true)) {
        Finish(grpc::Status::OK);
    }
}

}  // namespace kata::agent::guest
