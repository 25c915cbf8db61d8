#include "pkg/agent/client/channel.h"

#include <fcntl.h>

#include <cerrno>

#include <google/protobuf/stubs/logging.h>
#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/create_channel_posix.h>

#include "pkg/base/error.h"

namespace kata::agent {
namespace {

// Enough for a few messages in flight; gRPC's probing would let a fast guest make us hold
// megabytes.
constexpr int kStreamWindowBytes = 256 << 10;

void drop_log(gpr_log_func_args* /*args*/) {}

void make_non_blocking(base::FdRef fd) {
    const int flags = ::fcntl(fd.get(), F_GETFL);
    if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
        throw base::errno_error("use the connection to the agent", "", errno);
    }
}

}  // namespace

void silence_grpc() {
    ::gpr_set_log_function(drop_log);
    google::protobuf::SetLogHandler(nullptr);
}

std::shared_ptr<grpc::Channel> open_channel(base::UniqueFd connection) {
    silence_grpc();
    // The end of the last channel would take gRPC down, which may wait 10 s for one of its pollers;
    // the program ends without that.
    [[maybe_unused]] static const bool kept = (::grpc_init(), true);
    make_non_blocking(connection.ref());
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
    arguments.SetMaxSendMessageSize(-1);
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    return grpc::CreateCustomInsecureChannelFromFd("kata-agent", connection.release(), arguments);
}

}  // namespace kata::agent
