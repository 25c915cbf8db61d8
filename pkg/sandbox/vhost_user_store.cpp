#include "pkg/sandbox/vhost_user_store.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "pkg/base/error.h"
#include "pkg/base/quoted.h"
#include "pkg/sandbox/devices.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using base::quoted;

constexpr std::int64_t kBlockMajor = 241;

bool has_numbers(const fs::path& node, const oci::Device& device) {
    struct stat status {};
    return ::lstat(node.c_str(), &status) == 0 && S_ISBLK(status.st_mode) &&
           ::major(status.st_rdev) == device.major && ::minor(status.st_rdev) == device.minor;
}

}  // namespace

bool is_store_node(const oci::Device& device) {
    return device.type == "b" && device.major == kBlockMajor;
}

fs::path socket_in_store(const fs::path& store, const oci::Device& device) {
    std::error_code failure;
    for (const auto& node : fs::directory_iterator(store / "block/devices", failure)) {
        if (has_numbers(node.path(), device)) {
            return store / "block/sockets" / node.path().filename();
        }
    }
    throw Error(ErrorCode::not_found,
                quoted(store / "block/devices") + " has no node " + std::to_string(device.major) +
                    ":" + std::to_string(device.minor));
}

void plan_store_disks(DiskPlan& plan, const oci::Spec& spec, const fs::path& store) {
    if (!spec.linux_) {
        return;
    }
    for (const oci::Device& device : spec.linux_->devices) {
        const std::string access = explicit_access(spec, device);
        if (!is_store_node(device) || access.empty()) {
            continue;
        }
        try {
            // Such a disk cannot be made read-only: whether it is, is the daemon's decision.
            add_node(plan,
                     socket_source(socket_in_store(store, device)),
                     device,
                     DiskDriver::virtio_blk,
                     access);
        } catch (const Error& error) {
            throw error.with_context("device " + quoted(device.path));
        }
    }
}

}  // namespace kata::sandbox
