#include "tests/support/raw-fuse/served_share.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "pkg/base/deadline.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/held_process.h"
#include "pkg/sandbox/config.h"
#include "pkg/sandbox/journal.h"
#include "pkg/sandbox/share.h"
#include "pkg/sandbox/vm_share.h"

namespace kata::raw_fuse {
namespace {

using base::UniqueFd;

constexpr std::chrono::seconds kEndWait{30};
constexpr std::chrono::milliseconds kEndPoll{5};

sockaddr_un address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.native().size() >= sizeof address.sun_path) {
        throw base::Error(base::ErrorCode::invalid_argument, "the path of the socket is too long");
    }
    path.native().copy(address.sun_path, path.native().size());
    return address;
}

UniqueFd stream_socket() {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.valid()) {
        throw base::errno_error("make a socket", "", errno);
    }
    return socket;
}

UniqueFd listen_on(const std::filesystem::path& path) {
    UniqueFd socket = stream_socket();
    const sockaddr_un address = address_of(path);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(socket.get(), 1) != 0) {
        throw base::errno_error("listen on", path.native(), errno);
    }
    return socket;
}

// Ours for the default configuration, or libvirt's, which leaves it to virtiofsd to confine itself.
std::vector<std::string> command_of(Starter starter, const sandbox::Share& share) {
    auto ours = sandbox::server_command({}, share, {}, {});
    if (starter == Starter::runtime) {
        return ours;
    }
    return {ours.front(),
            "--fd=" + std::to_string(base::kInheritedFd),
            "-o",
            "source=" + share.exported().native() + ",xattr"};
}

sandbox::Share make_share(const std::filesystem::path& work) {
    sandbox::Journal journal(work / "state" / "journal", "");
    sandbox::Share share(work / "share", "sandbox");
    share.create(journal);
    share.add_container(journal, ServedShare::kContainer);
    static_cast<void>(share.bind(
        journal, {work / "bundle" / "rootfs"}, std::string(ServedShare::kContainer) + "/rootfs"));
    return share;
}

}  // namespace

ServedShare::ServedShare(const std::filesystem::path& work, Starter starter)
    : socket_(work / "state" / "share.sock") {
    const auto command = command_of(starter, make_share(work));
    base::DaemonSpec spec{command.front(), command, {}, {}};
    spec.inherited = listen_on(socket_);
    spec.error_output = base::open_file(work / "state" / "words", O_WRONLY | O_CREAT, 0600);
    auto held = base::HeldProcess::make(std::move(spec));
    server_ = held.id();
    held.release();
}

ServedShare::~ServedShare() {
    base::kill_session(server_);
}

UniqueFd ServedShare::connect() const {
    UniqueFd socket = stream_socket();
    const sockaddr_un address = address_of(socket_);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw base::errno_error("connect to", socket_.native(), errno);
    }
    return socket;
}

bool ServedShare::ends() const {
    const auto deadline = base::Deadline::after(kEndWait);
    while (base::is_alive(server_) && !deadline.passed()) {
        std::this_thread::sleep_for(kEndPoll);
    }
    return !base::is_alive(server_);
}

}  // namespace kata::raw_fuse
