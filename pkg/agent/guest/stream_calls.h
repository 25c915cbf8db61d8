// The calls that last: WaitProcess, WriteStdin, ReadStdout and ReadStderr. Each is one object that
// keeps itself alive until gRPC is done with it. gRPC's notifications are passed on to the event
// loop, where all state of a call lives and where alone it is finished, so that no call needs a
// lock.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "agent.grpc.pb.h"

#include "pkg/agent/guest/container_table.h"
#include "pkg/agent/guest/event_loop.h"
#include "pkg/agent/guest/output_stream.h"
#include "pkg/agent/guest/process.h"

namespace kata::agent::guest {

/// Only a call's own begin() makes one: it keeps itself alive until gRPC is done with it.
class CallKey {
    friend class WaitCall;
    friend class OutputCall;
    friend class StdinCall;
    CallKey() = default;
};

class WaitCall final : public grpc::ServerUnaryReactor {
  public:
    WaitCall(CallKey /*key*/,
             EventLoop& loop,
             ContainerTable& containers,
             const v1::WaitProcessRequest& request,
             v1::WaitProcessResponse& response)
        : loop_(loop), containers_(containers), request_(request), response_(response) {}

    /// @param request copied. @param response gRPC's, valid until the call is finished.
    static grpc::ServerUnaryReactor* begin(EventLoop& loop,
                                           ContainerTable& containers,
                                           const v1::WaitProcessRequest& request,
                                           v1::WaitProcessResponse& response);

    void OnCancel() override;
    void OnDone() override { self_.reset(); }

  private:
    void start();
    void abandon();

    EventLoop& loop_;
    ContainerTable& containers_;
    const v1::WaitProcessRequest request_;
    v1::WaitProcessResponse& response_;
    std::shared_ptr<WaitCall> self_;
    std::shared_ptr<Process> process_;
    std::uint64_t wait_ = 0;
    bool finished_ = false;
};

class OutputCall final : public grpc::ServerWriteReactor<v1::ReadStreamResponse>,
                         public OutputStream::Reader {
  public:
    enum class Stream { output, error };

    OutputCall(CallKey /*key*/, EventLoop& loop) : loop_(loop) {}

    static grpc::ServerWriteReactor<v1::ReadStreamResponse>* begin(
        EventLoop& loop,
        ContainerTable& containers,
        const v1::ReadStreamRequest& request,
        Stream stream);

    void OnWriteDone(bool ok) override;
    void OnCancel() override;
    void OnDone() override { self_.reset(); }
    void deliver(std::string chunk) override;
    void end() override;

  private:
    void start(ContainerTable& containers, const v1::ReadStreamRequest& request, Stream stream);
    void leave(grpc::Status status);

    EventLoop& loop_;
    std::shared_ptr<OutputCall> self_;
    std::shared_ptr<OutputStream> stream_;
    v1::ReadStreamResponse response_;
    grpc::Status status_;
    bool writing_ = false;
    bool leaving_ = false;
    bool finished_ = false;
};

class StdinCall final : public grpc::ServerReadReactor<v1::WriteStdinRequest> {
  public:
    StdinCall(CallKey /*key*/,
              EventLoop& loop,
              ContainerTable& containers,
              grpc::CallbackServerContext& context)
        : loop_(loop), containers_(containers), context_(context) {}

    static grpc::ServerReadReactor<v1::WriteStdinRequest>* begin(
        EventLoop& loop, ContainerTable& containers, grpc::CallbackServerContext& context);

    void OnReadDone(bool ok) override;
    void OnCancel() override;
    void OnDone() override { self_.reset(); }

  private:
    void take_request();
    void take_end();
    void find_input();
    void finish(grpc::Status status);

    EventLoop& loop_;
    ContainerTable& containers_;
    grpc::CallbackServerContext& context_;
    std::shared_ptr<StdinCall> self_;
    std::shared_ptr<InputStream> input_;
    v1::WriteStdinRequest request_;
    bool finished_ = false;
};

}  // namespace kata::agent::guest
