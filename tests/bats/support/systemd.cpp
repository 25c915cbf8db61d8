// test-systemd SOCKET: what kata-runtime sees of systemd, for
// DBUS_SYSTEM_BUS_ADDRESS=unix:path=SOCKET. Every unit can be started and stopped. Prints each call
// on a line: the method, the unit, and the properties it was asked for with.
#include <sys/socket.h>
#include <sys/un.h>

#include <iostream>
#include <string>
#include <utility>

#include "pkg/base/unique_fd.h"
#include "tests/support/fake_systemd.h"

namespace {

void print(const kata::test::SystemdCall& call) {
    std::string line = call.method + " " + call.unit;
    for (const auto& [name, value] : call.properties) {
        line += " " + name + "=" + value;
    }
    std::cout << line << std::endl;
}

kata::base::UniqueFd listen_at(const std::string& path) {
    kata::base::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(listener.get(), 8) != 0) {
        return {};
    }
    return listener;
}

}  // namespace

int main(int argc, char** argv) {
    const auto listener = listen_at(argc == 2 ? argv[1] : "");
    if (!listener.valid()) {
        std::cerr << "usage: test-systemd SOCKET, which must not exist yet\n";
        return 1;
    }
    kata::test::FakeSystemd systemd({.on_call = print});
    while (true) {
        kata::base::UniqueFd connection(
            ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (connection.valid()) {
            systemd.serve(std::move(connection));
        }
    }
}
