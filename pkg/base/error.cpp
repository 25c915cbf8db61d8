#include "pkg/base/error.h"

#include <cerrno>
#include <system_error>

namespace kata::base {
namespace {

ErrorCode code_of(int error_number) {
    switch (error_number) {
        case ENOENT:
        case ESRCH:
            return ErrorCode::not_found;
        case EEXIST:
            return ErrorCode::already_exists;
        case EACCES:
        case EPERM:
        case EROFS:
            return ErrorCode::permission_denied;
        case EINVAL:
        case ENOTDIR:
        case EISDIR:
        case ENAMETOOLONG:
        case ELOOP:
            return ErrorCode::invalid_argument;
        case ENOSYS:
        case EOPNOTSUPP:
            return ErrorCode::unsupported;
        case ETIMEDOUT:
            return ErrorCode::timeout;
        case ECONNREFUSED:
        case ECONNRESET:
        case EPIPE:
            return ErrorCode::unavailable;
        case EINTR:
            return ErrorCode::interrupted;
        default:
            return ErrorCode::internal;
    }
}

}  // namespace

Error::Error(ErrorCode code, const std::string& message)
    : std::runtime_error(message), code_(code) {}

Error::Error(ErrorCode code, const std::string& message, const std::string& cause)
    : std::runtime_error(message + ": " + cause), code_(code) {}

Error Error::with_context(std::string_view context) const {
    return {code_, std::string(context), what()};
}

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
            return "invalid_argument";
        case ErrorCode::not_found:
            return "not_found";
        case ErrorCode::already_exists:
            return "already_exists";
        case ErrorCode::invalid_state:
            return "invalid_state";
        case ErrorCode::permission_denied:
            return "permission_denied";
        case ErrorCode::unsupported:
            return "unsupported";
        case ErrorCode::timeout:
            return "timeout";
        case ErrorCode::unavailable:
            return "unavailable";
        case ErrorCode::interrupted:
            return "interrupted";
        case ErrorCode::internal:
            return "internal";
    }
    return "internal";
}

std::string errno_text(int error_number) {
    std::string text = std::generic_category().message(error_number);
    if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z' && text.size() > 1 && text[1] >= 'a') {
        text[0] = static_cast<char>(text[0] - 'A' + 'a');
    }
    return text;
}

Error errno_error(std::string_view operation, std::string_view object, int error_number) {
    std::string message = "cannot " + std::string(operation);
    if (!object.empty()) {
        message += " \"" + std::string(object) + "\"";
    }
    return {code_of(error_number), message, errno_text(error_number)};
}

std::string printable(std::string_view text, std::size_t max_bytes) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
        text.remove_suffix(1);
    }
    std::string line;
    for (const char c : text.substr(0, max_bytes)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n' || c == '\t') {
            line += ' ';
        } else {
            line += byte < 0x20 || byte == 0x7f ? '?' : c;
        }
    }
    return text.size() > max_bytes ? line + "..." : line;
}

}  // namespace kata::base
