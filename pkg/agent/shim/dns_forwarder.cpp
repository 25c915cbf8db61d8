#include "pkg/agent/shim/dns_forwarder.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "pkg/agent/shim/signal_queue.h"
#include "pkg/base/error.h"

namespace kata::agent {
namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr std::size_t kMaxPending = 256;
constexpr std::size_t kLengthBytes = 2;  // what precedes a message over TCP
constexpr std::uint16_t kDnsPort = 53;
constexpr std::uint32_t kDockerResolver = 0x7f00000b;  // 127.0.0.11

base::UniqueFd make_wakeup() {
    base::UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event.valid()) {
        throw base::errno_error("create an eventfd", "", errno);
    }
    return event;
}

std::string framed(const std::string& message) {
    const auto size = static_cast<unsigned>(message.size());
    return std::string{static_cast<char>(size >> 8), static_cast<char>(size & 0xff)} + message;
}

// The length that precedes a message over TCP; nothing while it has not arrived.
std::size_t announced_size(const std::string& received) {
    if (received.size() < kLengthBytes) {
        return kMaxDnsMessage;
    }
    return (static_cast<std::size_t>(static_cast<unsigned char>(received[0])) << 8) |
           static_cast<unsigned char>(received[1]);
}

// Over loopback a connection is there at once or refused at once.
base::UniqueFd send_question(const sockaddr_in& resolver, const DnsQuestion& question) {
    base::UniqueFd socket(
        ::socket(AF_INET, (question.tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
    const auto* address = reinterpret_cast<const sockaddr*>(&resolver);
    if (!socket.valid() || ::connect(socket.get(), address, sizeof resolver) != 0) {
        return {};
    }
    const std::string data = question.tcp ? framed(question.message) : question.message;
    const auto sent = ::send(socket.get(), data.data(), data.size(), MSG_NOSIGNAL);
    return sent == static_cast<ssize_t>(data.size()) ? std::move(socket) : base::UniqueFd();
}

}  // namespace

sockaddr_in DnsForwarder::docker_resolver() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(kDnsPort);
    address.sin_addr.s_addr = htonl(kDockerResolver);
    return address;
}

DnsForwarder::DnsForwarder(DnsStream& stream, sockaddr_in resolver)
    : stream_(stream), resolver_(resolver), wakeup_(make_wakeup()) {
    const BlockedSignals blocked;
    threads_.emplace_back([this] { take_questions(); });
    threads_.emplace_back([this] { pass_answers(); });
}

DnsForwarder::~DnsForwarder() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stream_.cancel();
    static_cast<void>(::eventfd_write(wakeup_.get(), 1));
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

void DnsForwarder::take_questions() {
    DnsQuestion question;
    while (stream_.read(question)) {
        ask(std::move(question));
    }
}

void DnsForwarder::ask(DnsQuestion question) {
    Pending pending{question.id,
                    question.tcp,
                    send_question(resolver_, question),
                    {},
                    Clock::now() + kPatience};
    {
        const std::lock_guard lock(mutex_);
        asked_.push_back(std::move(pending));
    }
    static_cast<void>(::eventfd_write(wakeup_.get(), 1));
}

std::vector<DnsForwarder::Pending> DnsForwarder::take_asked() {
    eventfd_t unused = 0;
    static_cast<void>(::eventfd_read(wakeup_.get(), &unused));
    const std::lock_guard lock(mutex_);
    return std::exchange(asked_, {});
}

void DnsForwarder::pass_answers() {
    std::vector<Pending> waiting;
    for (;;) {
        std::vector<pollfd> polled{{wakeup_.get(), POLLIN, 0}};
        polled.reserve(waiting.size() + 1);
        for (const Pending& pending : waiting) {
            polled.push_back({pending.socket.get(), POLLIN, 0});
        }
        ::poll(polled.data(), polled.size(), waiting.empty() ? -1 : 1000);
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) {
                return;
            }
        }
        std::vector<Pending> asked = take_asked();
        std::move(asked.begin(), asked.end(), std::back_inserter(waiting));
        std::erase_if(waiting, [this](Pending& pending) { return !still_waits(pending); });
        if (waiting.size() > kMaxPending) {
            waiting.erase(waiting.begin(),
                          waiting.end() - static_cast<std::ptrdiff_t>(kMaxPending));
        }
    }
}

bool DnsForwarder::still_waits(Pending& pending) {
    if (pending.socket.valid() && receive(pending)) {
        return true;
    }
    // Answered, refused or too late: what was received is the answer, or there is none.
    if (pending.tcp && pending.received.size() >= kLengthBytes) {
        pending.received.erase(0, kLengthBytes);
    }
    static_cast<void>(stream_.write(pending.id, std::move(pending.received)));
    return false;
}

// Whether there is more to wait for.
bool DnsForwarder::receive(Pending& pending) {
    std::string piece(kMaxDnsMessage, '\0');
    const auto count = ::recv(pending.socket.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR) && Clock::now() < pending.deadline) {
        return true;
    }
    if (count <= 0) {
        pending.received.clear();
        return false;
    }
    pending.received.append(piece, 0, static_cast<std::size_t>(count));
    return pending.tcp && pending.received.size() < announced_size(pending.received) + kLengthBytes;
}

}  // namespace kata::agent
