#include "pkg/libvirt-driver/libvirt_error.h"

#include <fmt/format.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

namespace kata::libvirt_driver {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kMaxCauseBytes = 1024;

void ignore_error(void* /*context*/, virErrorPtr /*error*/) {}

std::string last_error_text() {
    const virError* error = virGetLastError();
    if (error == nullptr || error->message == nullptr) {
        return "unknown cause";
    }
    return base::printable(error->message, kMaxCauseBytes);
}

}  // namespace

ErrorCode code_of(int libvirt_error_number) {
    switch (libvirt_error_number) {
        case VIR_ERR_NO_DOMAIN:
            return ErrorCode::not_found;
        case VIR_ERR_DOM_EXIST:
            return ErrorCode::already_exists;
        case VIR_ERR_OPERATION_INVALID:
            return ErrorCode::invalid_state;
        case VIR_ERR_OPERATION_TIMEOUT:
        case VIR_ERR_AGENT_UNRESPONSIVE:
            return ErrorCode::timeout;
        case VIR_ERR_XML_ERROR:
        case VIR_ERR_XML_DETAIL:
        case VIR_ERR_INVALID_ARG:
            return ErrorCode::invalid_argument;
        case VIR_ERR_NO_SUPPORT:
        case VIR_ERR_CONFIG_UNSUPPORTED:
        case VIR_ERR_ARGUMENT_UNSUPPORTED:
        case VIR_ERR_OPERATION_UNSUPPORTED:
            return ErrorCode::unsupported;
        case VIR_ERR_AUTH_FAILED:
        case VIR_ERR_AUTH_CANCELLED:
        case VIR_ERR_AUTH_UNAVAILABLE:
        case VIR_ERR_ACCESS_DENIED:
        case VIR_ERR_OPERATION_DENIED:
            return ErrorCode::permission_denied;
        case VIR_ERR_NO_CONNECT:
        case VIR_ERR_INVALID_CONN:
        case VIR_ERR_RPC:
        case VIR_ERR_OPERATION_FAILED:
        case VIR_ERR_INTERNAL_ERROR:
        case VIR_ERR_SYSTEM_ERROR:
        case VIR_ERR_NO_MEMORY:
            return ErrorCode::unavailable;
        default:
            return ErrorCode::internal;
    }
}

int last_error_number() {
    return virGetLastErrorCode();
}

Error last_error(std::string_view operation) {
    return {code_of(last_error_number()), std::string(operation), last_error_text()};
}

Error unreachable_error(std::string_view uri, std::string_view cause) {
    return {ErrorCode::unavailable,
            fmt::format("cannot connect to libvirt at \"{}\": {}; start the daemon "
                        "(systemctl start libvirtd) or set LIBVIRT_DEFAULT_URI",
                        base::printable(uri),
                        base::printable(cause, kMaxCauseBytes))};
}

void silence_libvirt() {
    virSetErrorFunc(nullptr, ignore_error);
}

}  // namespace kata::libvirt_driver
