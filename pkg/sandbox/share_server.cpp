#include "pkg/sandbox/share_server.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <sstream>
#include <thread>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/held_process.h"
#include "pkg/base/interruption.h"
#include "pkg/sandbox/vm_share.h"

namespace kata::sandbox {
namespace {

using base::UniqueFd;
using std::chrono::milliseconds;

constexpr milliseconds kSocketPoll{5};
constexpr std::chrono::seconds kSocketWait{10};
constexpr milliseconds kEndPoll{2};
constexpr std::chrono::seconds kEndWait{5};
constexpr std::size_t kMostWords = std::size_t{16} << 10;
constexpr mode_t kOwnerOnly = 0600;

// A file of fixed size for what a server says: a guest may make it say much, and it lives long
// after us.
UniqueFd make_words() {
    UniqueFd file(::memfd_create("kata-share-server", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file.valid() || ::ftruncate(file.get(), kMostWords) != 0 ||
        ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
        throw base::errno_error("make a file in memory", "", errno);
    }
    return file;
}

// Its last line that says something.
std::string last_line(const UniqueFd& words) {
    std::string text(kMostWords, '\0');
    const ssize_t size = ::pread(words.get(), text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    text.resize(std::min(text.find('\0'), text.size()));
    std::istringstream lines(text);
    std::string last;
    for (std::string line; std::getline(lines, line);) {
        if (line.find_first_not_of(" \t\r") != std::string::npos) {
            last = line;
        }
    }
    return last.empty() ? "it said nothing" : base::printable(last, 400);
}

// QEMU connects as its own user. What lies in these directories is root's alone.
void let_pass(const std::filesystem::path& directory) {
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0 ||
        ((status.st_mode & S_IXOTH) == 0 &&
         ::chmod(directory.c_str(), (status.st_mode & 07777) | S_IXOTH) != 0)) {
        throw base::errno_error("let QEMU pass", directory.native(), errno);
    }
}

void let_pass_to(const ContainerPlace& place) {
    const auto state_dir = place.sandbox_dir.parent_path();
    for (const auto& directory : {state_dir.parent_path(), state_dir, place.sandbox_dir}) {
        let_pass(directory);
    }
}

// Nobody can connect before it listens, and by then it is its user's alone.
UniqueFd listen_for(VmUser user, const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.native().size() >= sizeof address.sun_path) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "cannot use socket \"" + path.native() + "\": the path is too long");
    }
    path.native().copy(address.sun_path, path.native().size());
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.valid() ||
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::chmod(path.c_str(), kOwnerOnly) != 0 || ::chown(path.c_str(), user.uid, user.gid) != 0 ||
        ::listen(socket.get(), 1) != 0) {
        throw base::errno_error("listen on", path.native(), errno);
    }
    return socket;
}

std::string object_of(const base::ProcessId& process) {
    return std::to_string(process.pid) + " " + std::to_string(process.start_time);
}

}  // namespace

ShareServer::ShareServer(base::ProcessId id,
                         std::filesystem::path program,
                         std::filesystem::path socket,
                         UniqueFd words)
    : id_(id), program_(std::move(program)), socket_(std::move(socket)), words_(std::move(words)) {}

ShareServer ShareServer::start(const ShareServerContext& context) {
    const std::filesystem::path socket = context.place.sandbox_dir / "share.sock";
    const auto command = server_command(context.config, context.share, socket, context.user);
    let_pass_to(context.place);
    UniqueFd words = make_words();
    base::DaemonSpec spec{command.front(), command, {}, {}};
    spec.error_output = UniqueFd(::fcntl(words.get(), F_DUPFD_CLOEXEC, 0));
    const bool makes_socket = context.config.shared_fs == SharedFs::virtio_9p;
    if (!makes_socket) {
        spec.inherited = listen_for(context.user, socket);
    }
    auto held = base::HeldProcess::make(std::move(spec));
    context.journal.record(Effect::Kind::server, object_of(held.id()));
    context.cgroup.add(held.id().pid);
    held.release();
    ShareServer server(held.id(), command.front(), socket, std::move(words));
    if (makes_socket) {
        server.await_socket(base::Deadline::after(kSocketWait));
    }
    server.require_alive();
    return server;
}

void ShareServer::await_socket(base::Deadline deadline) const {
    while (::access(socket_.c_str(), F_OK) != 0) {
        require_alive();
        base::throw_if_interrupted();
        if (deadline.passed()) {
            throw base::Error(base::ErrorCode::timeout,
                              "\"" + program_.native() + "\" did not make its socket in time");
        }
        std::this_thread::sleep_for(kSocketPoll);
    }
}

void ShareServer::require_alive() const {
    if (!base::is_alive(id_)) {
        throw base::Error(base::ErrorCode::unavailable, how_it_ended());
    }
}

base::Error ShareServer::explained(const base::Error& error) const {
    if (base::is_alive(id_)) {
        return error;
    }
    return {error.code(), std::string(error.what()) + "; " + how_it_ended()};
}

std::string ShareServer::how_it_ended() const {
    return "\"" + program_.native() +
           "\", which serves the container's files, ended: " + last_line(words_);
}

void undo_share_server(const std::string& object) {
    base::ProcessId process;
    std::istringstream(object) >> process.pid >> process.start_time;
    base::kill_session(process);
    const auto deadline = base::Deadline::after(kEndWait);
    while (base::is_alive(process) && !deadline.passed()) {
        std::this_thread::sleep_for(kEndPoll);
    }
}

}  // namespace kata::sandbox
