#include "pkg/agent/guest/dns_relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <sstream>
#include <utility>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/base/error.h"
#include "pkg/base/safe_path.h"

namespace kata::agent::guest {
namespace {

constexpr const char* kResolverAddress = "127.0.0.11";
constexpr std::uint32_t kResolver = 0x7f00000b;
constexpr std::uint16_t kDnsPort = 53;
constexpr std::size_t kMaxMessage = 65535;
constexpr std::size_t kLengthBytes = 2;  // what precedes a message over TCP
constexpr std::size_t kMaxClients = 32;
constexpr std::size_t kMaxWaiting = 256;
constexpr std::chrono::seconds kPatience{10};
constexpr std::size_t kMaxResolvConf = 64 << 10;

base::UniqueFd bound_socket(int type) {
    base::UniqueFd socket(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(kDnsPort);
    address.sin_addr.s_addr = htonl(kResolver);
    if (!socket.valid() ||
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw base::errno_error("listen for names on", kResolverAddress, errno);
    }
    return socket;
}

std::string framed(const std::string& message) {
    const auto size = static_cast<unsigned>(message.size());
    return std::string{static_cast<char>(size >> 8), static_cast<char>(size & 0xff)} + message;
}

std::size_t announced_size(const std::string& received) {
    return (static_cast<std::size_t>(static_cast<unsigned char>(received[0])) << 8) |
           static_cast<unsigned char>(received[1]);
}

// A whole message of a client, or nothing yet.
bool is_complete(const std::string& received) {
    return received.size() >= kLengthBytes &&
           received.size() >= kLengthBytes + announced_size(received);
}

}  // namespace

bool names_engine_resolver(const std::string& resolv_conf) {
    std::istringstream lines(resolv_conf);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string keyword;
        std::string address;
        if (words >> keyword >> address && keyword == "nameserver" && address == kResolverAddress) {
            return true;
        }
    }
    return false;
}

std::string resolv_conf_of(pid_t pid) {
    const base::UniqueFd root(::open(("/proc/" + std::to_string(pid) + "/root").c_str(),
                                     O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid()) {
        return {};
    }
    try {
        // Non-blocking, because the image may have put a FIFO there.
        const auto file =
            base::open_in_root(root.ref(), "etc/resolv.conf", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        std::string text(kMaxResolvConf, '\0');
        const auto count = ::read(file.get(), text.data(), text.size());
        text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return text;
    } catch (const base::Error&) {
        return {};
    }
}

void DnsRelay::serve(const std::string& resolv_conf) {
    if (names_engine_resolver(resolv_conf)) {
        loop_.post([this] { listen(); });
    }
}

void DnsRelay::listen() {
    if (datagrams_.valid()) {
        return;
    }
    try {
        auto datagrams = bound_socket(SOCK_DGRAM);
        listener_ = bound_socket(SOCK_STREAM);
        ::listen(listener_.get(), static_cast<int>(kMaxClients));
        datagrams_ = std::move(datagrams);
        datagram_watch_ =
            loop_.watch(datagrams_.ref(), EPOLLIN, [this](std::uint32_t) { receive_datagrams(); });
        listener_watch_ =
            loop_.watch(listener_.ref(), EPOLLIN, [this](std::uint32_t) { accept_clients(); });
    } catch (const base::Error& error) {
        log_error(error.what());
    }
}

void DnsRelay::detach(const Upstream& upstream) {
    std::erase(upstreams_, &upstream);
}

void DnsRelay::ask(bool tcp, std::string message, Answer answer) {
    if (upstreams_.empty() || waiting_.size() >= kMaxWaiting) {
        answer("");
        return;
    }
    const std::uint64_t id = next_id_++;
    waiting_.emplace(id, std::move(answer));
    loop_.call_after(kPatience, [this, id] { this->answer(id, ""); });
    upstreams_.back()->ask({id, tcp, std::move(message)});
}

void DnsRelay::answer(std::uint64_t id, const std::string& message) {
    if (auto waiting = waiting_.extract(id)) {
        waiting.mapped()(message);
    }
}

void DnsRelay::receive_datagrams() {
    std::string message(kMaxMessage, '\0');
    sockaddr_in peer{};
    socklen_t peer_size = sizeof peer;
    for (;;) {
        const auto count = ::recvfrom(datagrams_.get(),
                                      message.data(),
                                      message.size(),
                                      0,
                                      reinterpret_cast<sockaddr*>(&peer),
                                      &peer_size);
        if (count <= 0) {
            return;
        }
        ask(false, message.substr(0, static_cast<std::size_t>(count)), [this, peer](auto& text) {
            if (!text.empty()) {
                ::sendto(datagrams_.get(),
                         text.data(),
                         text.size(),
                         0,
                         reinterpret_cast<const sockaddr*>(&peer),
                         sizeof peer);
            }
        });
    }
}

void DnsRelay::accept_clients() {
    base::UniqueFd socket(
        ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.valid() || clients_.size() >= kMaxClients) {
        return;
    }
    const auto client = std::make_shared<Client>();
    client->socket = std::move(socket);
    clients_.push_back(client);
    client->watch = loop_.watch(client->socket.ref(),
                                EPOLLIN | EPOLLRDHUP,
                                [this, client](std::uint32_t) { serve_client(client); });
}

void DnsRelay::serve_client(const std::shared_ptr<Client>& client) {
    std::string piece(kMaxMessage, '\0');
    const auto count = ::read(client->socket.get(), piece.data(), piece.size());
    if (count < 0 && errno == EAGAIN) {
        return;
    }
    client->received.append(piece, 0, count > 0 ? static_cast<std::size_t>(count) : 0);
    // More than one question at a time is not kept for nobody who does not wait.
    if (count <= 0 || client->received.size() > kMaxMessage + kLengthBytes) {
        drop(client);
        return;
    }
    ask_for(client);
}

void DnsRelay::ask_for(const std::shared_ptr<Client>& client) {
    if (client->asked || !is_complete(client->received)) {
        return;
    }
    const std::size_t size = announced_size(client->received);
    std::string message = client->received.substr(kLengthBytes, size);
    client->received.erase(0, kLengthBytes + size);
    client->asked = true;
    ask(true, std::move(message), [this, client](const std::string& answer) {
        client->asked = false;
        const std::string data = framed(answer);
        if (answer.empty() || !client->socket.valid() ||
            ::send(client->socket.get(), data.data(), data.size(), MSG_NOSIGNAL) !=
                static_cast<ssize_t>(data.size())) {
            drop(client);
            return;
        }
        ask_for(client);
    });
}

void DnsRelay::drop(const std::shared_ptr<Client>& client) {
    // Not while its own handler runs: the watch holds what the handler has captured.
    loop_.post([this, client] {
        client->watch.reset();
        client->socket.reset();
        clients_.remove(client);
    });
}

}  // namespace kata::agent::guest
