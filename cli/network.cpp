#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "cli/commands.h"
#include "cli/network_json.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/sandbox/runtime.h"

namespace kata::cli {
namespace {

// More than any network has; a file of gigabytes is a mistake.
constexpr std::size_t kMaxDocument = std::size_t{1} << 20;

std::string read_standard_input() {
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t count = ::read(0, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            throw base::errno_error("read", "standard input", errno);
        }
        if (count == 0) {
            return text;
        }
        text.append(buffer.data(), static_cast<std::size_t>(count));
        if (text.size() > kMaxDocument) {
            throw base::Error(base::ErrorCode::invalid_argument,
                              "the document on standard input is longer than a mebibyte");
        }
    }
}

std::string document_of(const NetworkOptions& options) {
    return options.file == "-" ? read_standard_input() : base::read_file(options.file);
}

}  // namespace

int execute(const NetworkOptions& options, const CommandContext& context) {
    const oci::ContainerId id(options.id);
    sandbox::Runtime& runtime = context.runtime;
    switch (options.action) {
        case NetworkOptions::Action::add_interface: {
            const InterfaceRequest request = parse_interface(document_of(options));
            write_output(
                interface_json(runtime.add_interface(id, request.device, request.interface)));
            break;
        }
        case NetworkOptions::Action::remove_interface: {
            const InterfaceRequest request = parse_interface(document_of(options));
            write_output(interface_json(runtime.remove_interface(id, request.interface)));
            break;
        }
        case NetworkOptions::Action::list_interfaces:
            write_output(interfaces_json(runtime.interfaces(id)));
            break;
        case NetworkOptions::Action::list_routes:
            write_output(routes_json(runtime.routes(id)));
            break;
        case NetworkOptions::Action::update_routes:
            write_output(
                routes_json(runtime.update_routes(id, parse_routes(document_of(options)))));
            break;
        case NetworkOptions::Action::refresh:
            runtime.refresh_network(id);
            break;
        case NetworkOptions::Action::watch:
            runtime.watch_network(id);
            break;
    }
    return 0;
}

}  // namespace kata::cli
