// VirtioPorts: a PortSession for each of the VM's virtio-serial ports that is named for us, those
// that are plugged in later included. Loop thread only.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "pkg/agent/guest/event_loop.h"
#include "pkg/agent/guest/port_session.h"

namespace kata::agent::guest {

struct PortPaths {
    std::filesystem::path class_directory = "/sys/class/virtio-ports";
    std::filesystem::path devices = "/dev";
};

class VirtioPorts {
  public:
    VirtioPorts(EventLoop& loop, ConnectionHandler on_connection, PortPaths paths = {})
        : loop_(loop), on_connection_(std::move(on_connection)), paths_(std::move(paths)) {}

    /// Takes ports that are new and drops those that are gone. Call it whenever something may have
    /// changed.
    void scan();

    [[nodiscard]] std::size_t count() const { return sessions_.size(); }

  private:
    void open(const std::string& device);
    void drop_removed();

    EventLoop& loop_;
    ConnectionHandler on_connection_;
    const PortPaths paths_;
    std::map<std::string, std::unique_ptr<PortSession>> sessions_;  // by device name: "vport1p2"
};

}  // namespace kata::agent::guest
