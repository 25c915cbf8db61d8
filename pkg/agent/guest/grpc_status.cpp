#include "pkg/agent/guest/grpc_status.h"

#include <algorithm>
#include <exception>

namespace kata::agent::guest {
namespace {

grpc::StatusCode code_of(base::ErrorCode code) {
    switch (code) {
        case base::ErrorCode::invalid_argument:
            return grpc::StatusCode::INVALID_ARGUMENT;
        case base::ErrorCode::not_found:
            return grpc::StatusCode::NOT_FOUND;
        case base::ErrorCode::already_exists:
            return grpc::StatusCode::ALREADY_EXISTS;
        case base::ErrorCode::invalid_state:
            return grpc::StatusCode::FAILED_PRECONDITION;
        case base::ErrorCode::permission_denied:
            return grpc::StatusCode::PERMISSION_DENIED;
        case base::ErrorCode::unsupported:
            return grpc::StatusCode::UNIMPLEMENTED;
        case base::ErrorCode::timeout:
            return grpc::StatusCode::DEADLINE_EXCEEDED;
        case base::ErrorCode::unavailable:
            return grpc::StatusCode::UNAVAILABLE;
        case base::ErrorCode::interrupted:
            return grpc::StatusCode::CANCELLED;
        case base::ErrorCode::internal:
            return grpc::StatusCode::INTERNAL;
    }
    return grpc::StatusCode::INTERNAL;
}

}  // namespace

grpc::Status to_status(const base::Error& error) {
    return {code_of(error.code()), base::printable(error.what())};
}

grpc::Status status_of(const std::function<void()>& work) noexcept {
    try {
        work();
        return grpc::Status::OK;
    } catch (const base::Error& error) {
        return to_status(error);
    } catch (const std::exception& error) {
        return {grpc::StatusCode::INTERNAL, base::printable(error.what())};
    }
}

base::Deadline deadline_of(const grpc::CallbackServerContext& context,
                           std::chrono::milliseconds most) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        context.deadline() - std::chrono::system_clock::now());
    return base::Deadline::after(std::clamp(left * 9 / 10, std::chrono::milliseconds(0), most));
}

}  // namespace kata::agent::guest
