#include "pkg/agent/guest/virtio_ports.h"

#include <fcntl.h>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

namespace fs = std::filesystem;

// The name comes with a message of its own after the device: without one the port is not ours yet.
bool is_ours(const fs::path& port) {
    return base::try_read_file(port / "name").value_or("").starts_with(kPortNamePrefix);
}

}  // namespace

void VirtioPorts::scan() {
    drop_removed();
    std::error_code none;
    for (const fs::directory_entry& port : fs::directory_iterator(paths_.class_directory, none)) {
        const std::string device = port.path().filename();
        if (!sessions_.contains(device) && is_ours(port.path())) {
            open(device);
        }
    }
}

void VirtioPorts::open(const std::string& device) {
    try {
        base::UniqueFd fd = base::open_file(paths_.devices / device, O_RDWR | O_NONBLOCK);
        sessions_[device] = std::make_unique<PortSession>(loop_, std::move(fd), on_connection_);
    } catch (const base::Error& error) {
        log_error(error.what());
    }
}

void VirtioPorts::drop_removed() {
    std::erase_if(sessions_, [this](const auto& session) {
        std::error_code ignored;
        return !fs::exists(paths_.class_directory / session.first, ignored);
    });
}

}  // namespace kata::agent::guest
