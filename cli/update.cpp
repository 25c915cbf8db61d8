#include <unistd.h>

#include <array>
#include <cerrno>

#include "cli/commands.h"
#include "cli/update_resources.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/sandbox/runtime.h"

namespace kata::cli {
namespace {

constexpr std::size_t kMaxResources = std::size_t{1} << 20;

std::string read_standard_input() {
    std::string text;
    std::array<char, 4096> piece{};
    ssize_t count = 0;
    while ((count = ::read(STDIN_FILENO, piece.data(), piece.size())) != 0) {
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            throw base::errno_error("read", "standard input", errno);
        }
        text.append(piece.data(), static_cast<std::size_t>(count));
        if (text.size() > kMaxResources) {
            throw base::Error(base::ErrorCode::invalid_argument,
                              "cannot use the resources on standard input: more than 1 MiB");
        }
    }
    return text;
}

std::string resources_json(const UpdateOptions& options) {
    if (options.resources.empty()) {
        return update_resources_json(options.flags);
    }
    return options.resources == "-" ? read_standard_input()
                                    : base::read_file(options.resources, kMaxResources);
}

}  // namespace

int execute(const UpdateOptions& options, const CommandContext& context) {
    context.runtime.update(oci::ContainerId(options.id), resources_json(options));
    return 0;
}

}  // namespace kata::cli
