#include "pkg/base/error.h"

#include <algorithm>
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
        case ENOEXEC:
        case E2BIG:
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

// The bytes of the UTF-8 character that `text` begins with; 0 if it begins with none: overlong
// forms, surrogates and numbers above U+10FFFF are none.
std::size_t character_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) {
        return 1;
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) {
            return 0;
        }
    }
    const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
    const bool surrogate = lead == 0xed && byte(1) >= 0xa0;
    const bool too_high = lead == 0xf4 && byte(1) >= 0x90;
    return overlong || surrogate || too_high ? 0 : length;
}

// U+0080 to U+009F are control characters too: a terminal takes U+009B for ESC [.
bool is_control(std::string_view character) {
    const auto lead = static_cast<unsigned char>(character[0]);
    return lead < 0x20 || lead == 0x7f ||
           (lead == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0);
}

std::string shown_character(std::string_view character, char first) {
    if (first == '\n' || first == '\t') {
        return " ";
    }
    return character.empty() || is_control(character) ? "?" : std::string(character);
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
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        if (line.size() + std::max<std::size_t>(length, 1) > max_bytes) {
            return line + "...";
        }
        line += shown_character(text.substr(0, length), text.front());
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return line;
}

}  // namespace kata::base
