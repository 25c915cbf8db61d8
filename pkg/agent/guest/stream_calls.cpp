#include "pkg/agent/guest/stream_calls.h"

#include <utility>

#include "pkg/agent/guest/grpc_status.h"

namespace kata::agent::guest {

grpc::ServerUnaryReactor* WaitCall::begin(EventLoop& loop,
                                          ContainerTable& containers,
                                          const v1::WaitProcessRequest& request,
                                          v1::WaitProcessResponse& response) {
    const auto call = std::make_shared<WaitCall>(CallKey(), loop, containers, request, response);
    call->self_ = call;
    loop.post([call] { call->start(); });
    return call.get();
}

void WaitCall::start() {
    if (finished_) {
        return;
    }
    const grpc::Status found = status_of(
        [this] { process_ = containers_.process(request_.container_id(), request_.exec_id()); });
    if (!found.ok()) {
        finished_ = true;
        Finish(found);
        return;
    }
    wait_ = process_->wait([this, call = self_](int exit_code) {
        finished_ = true;
        response_.set_status(exit_code);
        response_.set_out_of_memory(process_->out_of_memory());
        Finish(grpc::Status::OK);
    });
}

void WaitCall::OnCancel() {
    loop_.post([this, call = self_] { abandon(); });
}

void WaitCall::abandon() {
    if (finished_) {
        return;
    }
    finished_ = true;
    if (process_) {
        process_->cancel_wait(wait_);
        if (request_.kill_on_disconnect() && !process_->ended()) {
            containers_.kill_abandoned(request_.container_id(), request_.exec_id());
        }
    }
    Finish(grpc::Status::CANCELLED);
}

grpc::ServerWriteReactor<v1::ReadStreamResponse>* OutputCall::begin(
    EventLoop& loop,
    ContainerTable& containers,
    const v1::ReadStreamRequest& request,
    Stream stream) {
    const auto call = std::make_shared<OutputCall>(CallKey(), loop);
    call->self_ = call;
    loop.post([call, &containers, request, stream] { call->start(containers, request, stream); });
    return call.get();
}

void OutputCall::start(ContainerTable& containers,
                       const v1::ReadStreamRequest& request,
                       Stream stream) {
    if (leaving_) {
        return;
    }
    const grpc::Status attached = status_of([&] {
        const auto process = containers.process(request.container_id(), request.exec_id());
        stream_ = stream == Stream::output ? process->output() : process->error();
        stream_->attach(self_);
    });
    if (!attached.ok()) {
        leave(attached);
    }
}

void OutputCall::deliver(std::string chunk) {
    response_.set_data(std::move(chunk));
    writing_ = true;
    StartWrite(&response_);
}

void OutputCall::end() {
    leave(grpc::Status::OK);
}

void OutputCall::OnWriteDone(bool ok) {
    loop_.post([this, ok, call = self_] {
        writing_ = false;
        if (leaving_ || !ok) {
            leave(grpc::Status::CANCELLED);
        } else {
            stream_->taken(this);
        }
    });
}

void OutputCall::OnCancel() {
    loop_.post([this, call = self_] { leave(grpc::Status::CANCELLED); });
}

// The first reason to leave counts; the call is finished when its last write is done.
void OutputCall::leave(grpc::Status status) {
    if (!std::exchange(leaving_, true)) {
        status_ = std::move(status);
        if (stream_) {
            stream_->detach(this);
        }
    }
    if (!writing_ && !std::exchange(finished_, true)) {
        Finish(status_);
    }
}

grpc::ServerReadReactor<v1::WriteStdinRequest>* StdinCall::begin(
    EventLoop& loop, ContainerTable& containers, grpc::CallbackServerContext& context) {
    const auto call = std::make_shared<StdinCall>(CallKey(), loop, containers, context);
    call->self_ = call;
    call->StartRead(&call->request_);
    return call.get();
}

void StdinCall::OnReadDone(bool ok) {
    loop_.post([this, ok, call = self_] {
        if (finished_) {
            return;
        }
        if (ok) {
            take_request();
        } else {
            take_end();
        }
    });
}

void StdinCall::OnCancel() {
    loop_.post([this, call = self_] { finish(grpc::Status::CANCELLED); });
}

void StdinCall::find_input() {
    const auto input = containers_.process(request_.container_id(), request_.exec_id())->input();
    input->attach([this, weak = std::weak_ptr<StdinCall>(self_)] {
        if (const auto call = weak.lock()) {
            finish(grpc::Status::OK);
        }
    });
    input_ = input;
}

void StdinCall::take_request() {
    if (!input_) {
        const grpc::Status found = status_of([this] { find_input(); });
        if (!found.ok()) {
            finish(found);
            return;
        }
    }
    if (finished_) {
        return;
    }
    input_->write(std::move(*request_.mutable_data()),
                  [this, call = self_](InputStream::Outcome outcome) {
                      if (outcome == InputStream::Outcome::nobody_reads) {
                          finish(grpc::Status::OK);
                      } else if (!finished_) {
                          StartRead(&request_);
                      }
                  });
}

void StdinCall::take_end() {
    // A client that was cut off has not said that the input ends.
    if (input_ && !context_.IsCancelled()) {
        input_->close();
    }
    finish(grpc::Status::OK);
}

void StdinCall::finish(grpc::Status status) {
    if (std::exchange(finished_, true)) {
        return;
    }
    if (input_) {
        input_->detach();
    }
    Finish(std::move(status));
}

}  // namespace kata::agent::guest
