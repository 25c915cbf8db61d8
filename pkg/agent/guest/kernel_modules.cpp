#include "pkg/agent/guest/kernel_modules.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/agent/guest/launcher.h"
#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

constexpr std::size_t kLongestWords = 1024;

std::string written_to(const base::UniqueFd& file) {
    std::string text(kLongestWords, '\0');
    const ssize_t count = ::pread(file.get(), text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return base::printable(text);
}

}  // namespace

void load_kernel_module(const KernelModule& module,
                        Reaper& reaper,
                        base::Deadline deadline,
                        const std::string& program) {
    const std::string name = base::printable(module.name, 64);
    // A name that looks like an option would be one.
    if (module.name.empty() || module.name.front() == '-') {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot load kernel module \"" + name + "\": not a module's name");
    }
    const base::UniqueFd words(::memfd_create("modprobe", MFD_CLOEXEC));
    if (!words.valid()) {
        throw base::errno_error("load kernel module", name, errno);
    }
    LaunchSpec spec;
    spec.program = program;
    spec.args = {module.name};
    spec.args.insert(spec.args.end(), module.parameters.begin(), module.parameters.end());
    spec.standard_output = words.get();
    spec.standard_error = words.get();
    const int status = launch_and_wait(spec, reaper, deadline);
    if (status != 0) {
        throw base::Error(
            base::ErrorCode::invalid_argument,
            "cannot load kernel module \"" + name + "\"",
            "modprobe ended with " + std::to_string(status) + ": " + written_to(words));
    }
    log_debug("loaded kernel module " + name);
}

}  // namespace kata::agent::guest
