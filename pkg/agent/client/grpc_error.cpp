#include "pkg/agent/client/grpc_error.h"

#include <string>

namespace kata::agent {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kMaxErrorText = 2048;

ErrorCode code_of(grpc::StatusCode code) {
    switch (code) {
        case grpc::StatusCode::NOT_FOUND:
            return ErrorCode::not_found;
        case grpc::StatusCode::ALREADY_EXISTS:
            return ErrorCode::already_exists;
        case grpc::StatusCode::FAILED_PRECONDITION:
            return ErrorCode::invalid_state;
        case grpc::StatusCode::PERMISSION_DENIED:
            return ErrorCode::permission_denied;
        case grpc::StatusCode::INVALID_ARGUMENT:
        case grpc::StatusCode::OUT_OF_RANGE:
            return ErrorCode::invalid_argument;
        case grpc::StatusCode::DEADLINE_EXCEEDED:
            return ErrorCode::timeout;
        case grpc::StatusCode::UNAVAILABLE:
        case grpc::StatusCode::CANCELLED:
            return ErrorCode::unavailable;
        case grpc::StatusCode::UNIMPLEMENTED:
            return ErrorCode::unsupported;
        default:
            return ErrorCode::internal;
    }
}

// The agent uses these codes, too, and then with a reason: something in the guest took too long, or
// is not supported there.
bool is_agents_own(const grpc::Status& status) {
    const std::string& text = status.error_message();
    switch (status.error_code()) {
        case grpc::StatusCode::DEADLINE_EXCEEDED:
            return !text.empty() && text != "Deadline Exceeded";
        case grpc::StatusCode::UNIMPLEMENTED:
            return !text.empty();
        default:
            return false;
    }
}

// What the transport says of itself ("Socket closed") helps nobody, so these codes get our own
// words.
std::string_view own_words(const grpc::Status& status) {
    if (is_agents_own(status)) {
        return {};
    }
    switch (status.error_code()) {
        case grpc::StatusCode::DEADLINE_EXCEEDED:
            return "agent did not answer in time";
        case grpc::StatusCode::UNAVAILABLE:
        case grpc::StatusCode::CANCELLED:
            return "the connection to the agent broke; see whether the VM still runs with virsh "
                   "list";
        case grpc::StatusCode::UNIMPLEMENTED:
            return "the agent does not know this call; install the guest image and kata-runtime of "
                   "one "
                   "version";
        case grpc::StatusCode::RESOURCE_EXHAUSTED:
            return "the agent's answer is too long";
        default:
            return {};
    }
}

}  // namespace

Error error_of(const grpc::Status& status, std::string_view operation) {
    const ErrorCode code = code_of(status.error_code());
    const std::string context = "cannot " + std::string(operation);
    const std::string_view words = own_words(status);
    if (!words.empty()) {
        return {code, context, std::string(words)};
    }
    if (status.error_message().empty()) {
        return {code, context, "the agent gave no reason"};
    }
    return {code, base::printable(status.error_message(), kMaxErrorText)};
}

void throw_if_failed(const grpc::Status& status, std::string_view operation) {
    if (!status.ok()) {
        throw error_of(status, operation);
    }
}

}  // namespace kata::agent
