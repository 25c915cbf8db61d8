// kata-loader: pid 1 of the small initrd that a guest boots whose root is on an image. It loads the
// drivers that stock kernels have as modules, mounts the image and becomes the kata-agent in it.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <exception>

#include "pkg/agent/guest/boot.h"
#include "pkg/agent/guest/guest_log.h"
#include "pkg/agent/loader/new_root.h"
#include "pkg/agent/loader/root_parameters.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::loader {
namespace {

constexpr const char* kModuleList = "/etc/kata-loader/modules";

void mount_kernels(const char* type, const char* target) {
    ::mkdir(target, 0755);
    if (::mount(type, target, type, MS_NOSUID, nullptr) != 0) {
        throw base::errno_error("mount", target, errno);
    }
}

void load(char** arguments) {
    mount_kernels("proc", "/proc");
    mount_kernels("sysfs", "/sys");
    mount_kernels("devtmpfs", "/dev");
    const RootParameters root =
        parse_root_parameters(base::try_read_file("/proc/cmdline").value_or(""));
    for (const std::string& module :
         modules_of_root(root, base::try_read_file(kModuleList).value_or(""))) {
        guest::load_module(module);
    }
    mount_new_root(root);
    enter_new_root(arguments);
}

int run(char** arguments) {
    if (::getpid() != 1) {
        guest::log_error("kata-loader is the first process of a guest; it is not started by hand");
        return 1;
    }
    try {
        load(arguments);
    } catch (const std::exception& error) {
        guest::log_error(error.what());
    }
    guest::power_off();
}

}  // namespace
}  // namespace kata::agent::loader

int main(int /*count*/, char** arguments) {
    return kata::agent::loader::run(arguments);
}
