// A kata-agent for tests: a gRPC server in this process on one end of a socket pair. What a call
// does is a function that a test sets; a call without one succeeds and is only recorded.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>

#include "agent.grpc.pb.h"

#include "pkg/base/unique_fd.h"

namespace kata::agent::testing {

/// Waits until `condition` holds; generous, for slow machines. @return whether it does.
inline bool eventually(const std::function<bool()>& condition) {
    for (int i = 0; i < 4000 && !condition(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return condition();
}

class FakeAgentService : public v1::AgentService::Service {
  public:
    using Output = grpc::ServerWriter<v1::ReadStreamResponse>;
    using Input = grpc::ServerReader<v1::WriteStdinRequest>;

    std::function<grpc::Status(grpc::ServerContext&)> on_call;  // every unary call but WaitProcess
    std::function<void(grpc::ServerContext&, Output&)> on_stdout;
    std::function<void(grpc::ServerContext&, Output&)> on_stderr;
    std::function<void(grpc::ServerContext&, Input&)> on_stdin;
    std::string process_list;
    std::atomic<bool> wait_cancelled = false;

    void end_process(int status) {
        const std::lock_guard lock(mutex_);
        status_ = status;
        ended_.notify_all();
    }

    std::vector<std::string> calls() {
        const std::lock_guard lock(mutex_);
        return calls_;
    }

    grpc::Status CreateSandbox(grpc::ServerContext* context,
                               const v1::CreateSandboxRequest* request,
                               v1::CreateSandboxResponse* /*response*/) override {
        std::string storages;
        for (const v1::Storage& storage : request->storages()) {
            storages += " " + storage.source() + "," + storage.fs_type();
            for (const std::string& option : storage.options()) {
                storages += "," + option;
            }
            storages += "," + storage.mount_point();
            storages += storage.driver().empty() ? "" : "," + storage.driver();
        }
        std::string modules;
        for (const v1::KernelModule& module : request->kernel_modules()) {
            modules += " " + module.name();
            for (const std::string& parameter : module.parameters()) {
                modules += "," + parameter;
            }
        }
        return record(*context,
                      "CreateSandbox " + request->sandbox_id() + storages + modules + " " +
                          request->guest_hook_path());
    }
    grpc::Status CreateContainer(grpc::ServerContext* context,
                                 const v1::CreateContainerRequest* request,
                                 v1::CreateContainerResponse* /*response*/) override {
        return record(*context,
                      "CreateContainer " + request->container_id() + " " + request->spec_json());
    }
    grpc::Status StartContainer(grpc::ServerContext* context,
                                const v1::StartContainerRequest* request,
                                v1::StartContainerResponse* /*response*/) override {
        return record(*context, "StartContainer " + request->container_id());
    }
    grpc::Status RemoveContainer(grpc::ServerContext* context,
                                 const v1::RemoveContainerRequest* request,
                                 v1::RemoveContainerResponse* /*response*/) override {
        return record(*context, "RemoveContainer " + request->container_id());
    }
    grpc::Status ExecProcess(grpc::ServerContext* context,
                             const v1::ExecProcessRequest* request,
                             v1::ExecProcessResponse* /*response*/) override {
        return record(*context,
                      "ExecProcess " + request->container_id() + " " + request->exec_id() + " " +
                          request->process_json());
    }
    grpc::Status SignalProcess(grpc::ServerContext* context,
                               const v1::SignalProcessRequest* request,
                               v1::SignalProcessResponse* /*response*/) override {
        return record(*context,
                      "SignalProcess " + request->container_id() + "/" + request->exec_id() + " " +
                          std::to_string(request->signal()) + (request->all() ? " all" : ""));
    }
    grpc::Status ListProcesses(grpc::ServerContext* context,
                               const v1::ListProcessesRequest* request,
                               v1::ListProcessesResponse* response) override {
        response->set_process_list(process_list);
        std::string arguments;
        for (const std::string& argument : request->ps_args()) {
            arguments += " " + argument;
        }
        return record(*context, "ListProcesses " + request->container_id() + arguments);
    }
    grpc::Status TtyWinResize(grpc::ServerContext* context,
                              const v1::TtyWinResizeRequest* request,
                              v1::TtyWinResizeResponse* /*response*/) override {
        return record(*context,
                      "TtyWinResize " + request->container_id() + "/" + request->exec_id() + " " +
                          std::to_string(request->rows()) + "x" +
                          std::to_string(request->columns()));
    }
    grpc::Status WaitProcess(grpc::ServerContext* context,
                             const v1::WaitProcessRequest* request,
                             v1::WaitProcessResponse* response) override {
        record(*context,
               std::string("WaitProcess") + (request->kill_on_disconnect() ? " life line" : ""));
        std::unique_lock lock(mutex_);
        while (!status_ && !context->IsCancelled()) {
            ended_.wait_for(lock, std::chrono::milliseconds(5));
        }
        wait_cancelled = !status_;
        response->set_status(status_.value_or(0));
        return grpc::Status::OK;
    }
    grpc::Status ReadStdout(grpc::ServerContext* context,
                            const v1::ReadStreamRequest* /*request*/,
                            Output* output) override {
        if (on_stdout) {
            on_stdout(*context, *output);
        }
        return grpc::Status::OK;
    }
    grpc::Status ReadStderr(grpc::ServerContext* context,
                            const v1::ReadStreamRequest* /*request*/,
                            Output* output) override {
        if (on_stderr) {
            on_stderr(*context, *output);
        }
        return grpc::Status::OK;
    }
    grpc::Status WriteStdin(grpc::ServerContext* context,
                            Input* input,
                            v1::WriteStdinResponse* /*response*/) override {
        if (on_stdin) {
            on_stdin(*context, *input);
        }
        return grpc::Status::OK;
    }

  private:
    grpc::Status record(grpc::ServerContext& context, const std::string& call) {
        {
            const std::lock_guard lock(mutex_);
            calls_.push_back(call);
        }
        return on_call && !call.starts_with("WaitProcess") ? on_call(context) : grpc::Status::OK;
    }

    std::mutex mutex_;
    std::condition_variable ended_;
    std::optional<int> status_;
    std::vector<std::string> calls_;
};

/// A guest with one conversation. take_connection() is the host's end.
class FakeGuest {
  public:
    FakeGuest() {
        int fds[2] = {-1, -1};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) {
            throw std::runtime_error("socketpair");
        }
        host_end_ = base::UniqueFd(fds[0]);
        grpc::ServerBuilder builder;
        builder.RegisterService(&service);
        server_ = builder.BuildAndStart();
        grpc::AddInsecureChannelFromFd(server_.get(), fds[1]);
    }
    FakeGuest(const FakeGuest&) = delete;
    FakeGuest& operator=(const FakeGuest&) = delete;
    FakeGuest(FakeGuest&&) = delete;
    FakeGuest& operator=(FakeGuest&&) = delete;
    ~FakeGuest() { die(); }

    base::UniqueFd take_connection() { return std::move(host_end_); }

    /// The VM ends: the connection breaks.
    void die() {
        if (server_) {
            server_->Shutdown(std::chrono::system_clock::now());
            server_.reset();
        }
    }

    FakeAgentService service;

  private:
    base::UniqueFd host_end_;
    std::unique_ptr<grpc::Server> server_;
};

/// `size` bytes that differ from place to place.
inline std::string patterned(std::size_t size) {
    std::string data(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        data[i] = static_cast<char>((i * 2654435761U) >> 13);
    }
    return data;
}

/// Sends all of `data` in pieces of 16 KiB. False when the reader has gone.
inline bool send_all(FakeAgentService::Output& output, const std::string& data) {
    constexpr std::size_t kPiece = 16 << 10;
    for (std::size_t at = 0; at < data.size(); at += kPiece) {
        v1::ReadStreamResponse response;
        response.set_data(data.substr(at, kPiece));
        if (!output.Write(response)) {
            return false;
        }
    }
    return true;
}

}  // namespace kata::agent::testing
