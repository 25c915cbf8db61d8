// A unix socket that takes connections and never answers: a hung libvirtd, as a client sees it.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "pkg/base/unique_fd.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::libvirt_driver {

class SilentDaemon {
  public:
    SilentDaemon() : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = socket_path();
        std::memcpy(address.sun_path, path.c_str(), path.size());
        if (bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
                0 ||
            listen(socket_.get(), 8) != 0) {
            throw std::runtime_error("cannot listen on " + path);
        }
    }

    [[nodiscard]] std::string uri() const { return "qemu+unix:///system?socket=" + socket_path(); }

    /// Hangs up on every client, so that the threads waiting for an answer end.
    void hang_up() { socket_.reset(); }

  private:
    [[nodiscard]] std::string socket_path() const { return (directory_.path() / "sock").native(); }

    test::TemporaryDirectory directory_;
    base::UniqueFd socket_;
};

}  // namespace kata::libvirt_driver
