// ProcessClient: what a kata-shim asks of the agent for its one process: the streams, signals, the
// size of its terminal, its end. Every call blocks its thread and has no deadline: a suspended VM
// answers when it is resumed, and a broken connection ends every call. Calls may be made from many
// threads at once.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include "agent.grpc.pb.h"

namespace kata::agent {

/// One of the output streams of a process. read() belongs to one thread; cancel() to any.
class OutputStream {
  public:
    enum class Source { standard_output, standard_error };

    OutputStream(v1::AgentService::Stub& stub, const v1::ReadStreamRequest& request, Source source);

    /// The next piece, never empty; false at the end, or when the connection broke.
    [[nodiscard]] bool read(std::string& piece);

    /// Tells the agent that nobody reads any more: the process then gets SIGPIPE at its next write.
    void cancel() { context_.TryCancel(); }

  private:
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReader<v1::ReadStreamResponse>> reader_;
    v1::ReadStreamResponse response_;
};

/// The standard input of a process. write() and close() belong to one thread; cancel() to any.
class InputStream {
  public:
    InputStream(v1::AgentService::Stub& stub, std::string container_id, std::string exec_id);
    InputStream(const InputStream&) = delete;
    InputStream& operator=(const InputStream&) = delete;
    InputStream(InputStream&&) = delete;
    InputStream& operator=(InputStream&&) = delete;
    ~InputStream() = default;

    /// Blocks while the process does not read. False: it no longer reads, or the connection broke.
    [[nodiscard]] bool write(std::string_view data);

    /// Half-close: the process sees the end of its input after what was written. Waits for that.
    void close();

    void cancel() { context_.TryCancel(); }

  private:
    grpc::ClientContext context_;
    v1::WriteStdinResponse response_;
    v1::WriteStdinRequest request_;
    std::unique_ptr<grpc::ClientWriter<v1::WriteStdinRequest>> writer_;
};

class ProcessClient {
  public:
    /// @param exec_id empty: the container's init.
    ProcessClient(const std::shared_ptr<grpc::Channel>& channel,
                  std::string container_id,
                  std::string exec_id);

    /// Waits for the end of the process. The agent kills it if this call is cut off.
    /// @return its exit code, or 128 + signal. @throws base::Error unavailable when the connection
    /// broke, not_found if there is no such process.
    [[nodiscard]] int wait();

    /// After wait(): the guest's kernel has killed a process of the container for want of memory.
    [[nodiscard]] bool out_of_memory() const { return out_of_memory_; }

    /// Ends wait() from another thread; wait() then throws unavailable.
    void cancel_wait() { wait_context_.TryCancel(); }

    /// @throws base::Error of the agent, unavailable when the connection broke.
    void signal(int number);

    /// The size of the process's terminal, in characters.
    void resize(unsigned rows, unsigned columns);

    [[nodiscard]] std::unique_ptr<OutputStream> open_output(OutputStream::Source source);
    [[nodiscard]] std::unique_ptr<InputStream> open_input();

  private:
    std::unique_ptr<v1::AgentService::Stub> stub_;
    std::string container_id_;
    std::string exec_id_;
    grpc::ClientContext wait_context_;
    std::atomic<bool> out_of_memory_ = false;
};

}  // namespace kata::agent
