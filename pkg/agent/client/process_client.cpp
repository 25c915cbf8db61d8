#include "pkg/agent/client/process_client.h"

#include <utility>

#include "pkg/agent/client/grpc_error.h"

namespace kata::agent {
namespace {

template <typename Request>
Request request_for(const std::string& container_id, const std::string& exec_id) {
    Request request;
    request.set_container_id(container_id);
    request.set_exec_id(exec_id);
    return request;
}

}  // namespace

OutputStream::OutputStream(v1::AgentService::Stub& stub,
                           const v1::ReadStreamRequest& request,
                           Source source)
    : reader_(source == Source::standard_output ? stub.ReadStdout(&context_, request)
                                                : stub.ReadStderr(&context_, request)) {}

bool OutputStream::read(std::string& piece) {
    do {
        if (!reader_->Read(&response_)) {
            return false;
        }
    } while (response_.data().empty());
    piece.swap(*response_.mutable_data());
    return true;
}

InputStream::InputStream(v1::AgentService::Stub& stub,
                         std::string container_id,
                         std::string exec_id)
    : writer_(stub.WriteStdin(&context_, &response_)) {
    request_.set_container_id(std::move(container_id));
    request_.set_exec_id(std::move(exec_id));
}

bool InputStream::write(std::string_view data) {
    request_.set_data(data.data(), data.size());
    const bool written = writer_->Write(request_);
    request_.clear_container_id();
    request_.clear_exec_id();
    return written;
}

void InputStream::close() {
    // An empty input must still say whose it is.
    if (!request_.container_id().empty()) {
        static_cast<void>(write({}));
    }
    writer_->WritesDone();
    static_cast<void>(writer_->Finish());
}

ProcessClient::ProcessClient(const std::shared_ptr<grpc::Channel>& channel,
                             std::string container_id,
                             std::string exec_id)
    : stub_(v1::AgentService::NewStub(channel)),
      container_id_(std::move(container_id)),
      exec_id_(std::move(exec_id)) {}

int ProcessClient::wait() {
    auto request = request_for<v1::WaitProcessRequest>(container_id_, exec_id_);
    request.set_kill_on_disconnect(true);
    v1::WaitProcessResponse response;
    throw_if_failed(stub_->WaitProcess(&wait_context_, request, &response), "wait for the process");
    out_of_memory_ = response.out_of_memory();
    return response.status();
}

void ProcessClient::signal(int number) {
    auto request = request_for<v1::SignalProcessRequest>(container_id_, exec_id_);
    request.set_signal(static_cast<std::uint32_t>(number));
    grpc::ClientContext context;
    v1::SignalProcessResponse response;
    throw_if_failed(stub_->SignalProcess(&context, request, &response), "signal the process");
}

void ProcessClient::resize(unsigned rows, unsigned columns) {
    auto request = request_for<v1::TtyWinResizeRequest>(container_id_, exec_id_);
    request.set_rows(rows);
    request.set_columns(columns);
    grpc::ClientContext context;
    v1::TtyWinResizeResponse response;
    throw_if_failed(stub_->TtyWinResize(&context, request, &response), "resize the terminal");
}

std::unique_ptr<OutputStream> ProcessClient::open_output(OutputStream::Source source) {
    return std::make_unique<OutputStream>(
        *stub_, request_for<v1::ReadStreamRequest>(container_id_, exec_id_), source);
}

std::unique_ptr<InputStream> ProcessClient::open_input() {
    return std::make_unique<InputStream>(*stub_, container_id_, exec_id_);
}

}  // namespace kata::agent
