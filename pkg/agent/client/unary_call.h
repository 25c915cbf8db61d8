// unary_call: one call of the agent's service that has one answer, ended by its deadline or by an
// interruption of this process, its failure translated to base::Error. Streams are
// process_client.h's.
#pragma once

#include <chrono>
#include <string>

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include "agent.grpc.pb.h"

#include "pkg/agent/client/grpc_error.h"
#include "pkg/base/deadline.h"
#include "pkg/base/interruption.h"

namespace kata::agent {

/// `operation "id"`, for the message of a call that fails.
[[nodiscard]] std::string quoted(const std::string& operation, const std::string& id);

/// Waits for the one event of `queue`; an interruption cancels the call, which then is that event.
void await_answer(grpc::CompletionQueue& queue, grpc::ClientContext& context);

/// @param prepare a PrepareAsync method of the stub. @param operation what is said to have failed.
template <typename Request, typename Response, typename Prepare>
Response unary_call(v1::AgentService::Stub& stub,
                    Prepare prepare,
                    const Request& request,
                    base::Deadline deadline,
                    const std::string& operation) {
    grpc::CompletionQueue queue;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline.remaining());
    Response response;
    grpc::Status status;
    const auto reader = (stub.*prepare)(&context, request, &queue);
    reader->StartCall();
    reader->Finish(&response, &status, &queue);
    await_answer(queue, context);
    if (!status.ok()) {
        base::throw_if_interrupted();
    }
    throw_if_failed(status, operation);
    return response;
}

}  // namespace kata::agent
