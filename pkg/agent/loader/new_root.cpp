#include "pkg/agent/loader/new_root.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "pkg/base/deadline.h"
#include "pkg/base/error.h"
#include "pkg/base/safe_path.h"

namespace kata::agent::loader {
namespace {

constexpr const char* kNewRoot = "/newroot";
constexpr const char* kInit = "/init";
constexpr std::chrono::seconds kDeviceTime{10};
constexpr std::chrono::milliseconds kPause{1};

void wait_for(const std::string& device) {
    const auto deadline = base::Deadline::after(kDeviceTime);
    while (::access(device.c_str(), F_OK) != 0) {
        if (deadline.passed()) {
            throw base::Error(base::ErrorCode::timeout,
                              "the root device " + base::printable(device) +
                                  " has not appeared within " +
                                  std::to_string(kDeviceTime.count()) + " s");
        }
        std::this_thread::sleep_for(kPause);
    }
}

// The initrd's files are memory that the guest would never get back.
void forget_initrd() {
    for (const auto& entry : std::filesystem::directory_iterator("/")) {
        if (entry.path() != kNewRoot) {
            base::remove_tree(entry.path());
        }
    }
}

}  // namespace

void mount_new_root(const RootParameters& root) {
    wait_for(root.device);
    ::mkdir(kNewRoot, 0755);
    if (::mount(root.device.c_str(), kNewRoot, root.type.c_str(), MS_RDONLY, root.flags.c_str()) !=
        0) {
        throw base::errno_error(
            "mount the root file system (" + root.type + ")", root.device, errno);
    }
}

void enter_new_root(char** arguments) {
    for (const char* target : {"/dev", "/sys", "/proc"}) {
        ::umount2(target, MNT_DETACH);
    }
    forget_initrd();
    if (::chdir(kNewRoot) != 0 || ::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 ||
        ::chroot(".") != 0 || ::chdir("/") != 0) {
        throw base::errno_error("move", "the root file system", errno);
    }
    ::execv(kInit, arguments);
    throw base::errno_error("run the image's", kInit, errno);
}

}  // namespace kata::agent::loader
