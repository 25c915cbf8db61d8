#include "pkg/agent/client/unary_call.h"

#include "pkg/base/error.h"

namespace kata::agent {

std::string quoted(const std::string& operation, const std::string& id) {
    return operation + " \"" + base::printable(id, 128) + "\"";
}

void await_answer(grpc::CompletionQueue& queue, grpc::ClientContext& context) {
    void* tag = nullptr;
    bool ok = false;
    while (queue.AsyncNext(
               &tag, &ok, std::chrono::system_clock::now() + base::kInterruptionInterval) ==
           grpc::CompletionQueue::TIMEOUT) {
        if (base::interrupted()) {
            context.TryCancel();
        }
    }
    queue.Shutdown();
    while (queue.Next(&tag, &ok)) {
    }
}

}  // namespace kata::agent
