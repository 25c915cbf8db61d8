#include "tests/support/raw-fuse/vhost_user.h"

#define VIRTIO_RING_NO_LEGACY  // which is not C++
#include <linux/vhost_types.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "pkg/base/error.h"
#include "tests/support/raw-fuse/bytes.h"

namespace kata::raw_fuse {
namespace {

// The protocol's numbers: docs/interop/vhost-user.rst of QEMU.
constexpr std::uint32_t kGetFeatures = 1;
constexpr std::uint32_t kSetFeatures = 2;
constexpr std::uint32_t kSetOwner = 3;
constexpr std::uint32_t kSetMemTable = 5;
constexpr std::uint32_t kSetVringNum = 8;
constexpr std::uint32_t kSetVringAddr = 9;
constexpr std::uint32_t kSetVringBase = 10;
constexpr std::uint32_t kSetVringKick = 12;
constexpr std::uint32_t kSetVringCall = 13;
constexpr std::uint32_t kGetProtocolFeatures = 15;
constexpr std::uint32_t kSetProtocolFeatures = 16;
constexpr std::uint32_t kSetVringEnable = 18;
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kProtocolFeatures = std::uint64_t{1} << 30;
constexpr std::uint64_t kVersion1 = std::uint64_t{1} << 32;

constexpr std::uint16_t kRingSize = 16;
constexpr std::size_t kRingBytes = std::size_t{16} << 10;
constexpr std::size_t kUsedOffset = kRingBytes / 2;
constexpr std::size_t kBufferOffset = 2 * kRingBytes;
constexpr std::size_t kMemoryBytes = std::size_t{1} << 20;
constexpr std::uint64_t kMemoryAddress = VhostUserFrontEnd::kBufferAddress - kBufferOffset;
constexpr int kPatienceMs = 30'000;

struct Header {
    std::uint32_t request = 0;
    std::uint32_t flags = kVersion;
    std::uint32_t size = 0;
};

struct MemoryTable {
    std::uint32_t regions = 1;
    std::uint32_t padding = 0;
    std::uint64_t guest_address = kMemoryAddress;
    std::uint64_t size = kMemoryBytes;
    std::uint64_t our_address = 0;
    std::uint64_t offset = 0;
};

struct VringState {
    std::uint32_t index = 0;
    std::uint32_t number = 0;
};

std::uint64_t address_of(const void* place) {
    return reinterpret_cast<std::uintptr_t>(place);
}

base::UniqueFd make_event() {
    base::UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event.valid()) {
        throw base::errno_error("make an eventfd", "", errno);
    }
    return event;
}

void attach(msghdr& message, std::span<char> control, int descriptor) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
}

}  // namespace

struct VhostUserFrontEnd::Ring {
    vring_desc* descriptors;
    vring_avail* available;
    vring_used* used;

    [[nodiscard]] std::uint16_t used_index() const {
        return std::atomic_ref(used->idx).load(std::memory_order_acquire);
    }
};

VhostUserFrontEnd::VhostUserFrontEnd(base::UniqueFd connection)
    : connection_(std::move(connection)), memory_fd_(::memfd_create("guest", MFD_CLOEXEC)) {
    if (!memory_fd_.valid() || ::ftruncate(memory_fd_.get(), kMemoryBytes) != 0) {
        throw base::errno_error("make the guest's memory", "", errno);
    }
    void* place =
        ::mmap(nullptr, kMemoryBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd_.get(), 0);
    if (place == MAP_FAILED) {
        throw base::errno_error("map the guest's memory", "", errno);
    }
    memory_ = static_cast<char*>(place);
    negotiate();
}

VhostUserFrontEnd::~VhostUserFrontEnd() {
    ::munmap(memory_, kMemoryBytes);
}

std::span<char> VhostUserFrontEnd::buffer() const {
    return {memory_ + kBufferOffset, kMemoryBytes - kBufferOffset};
}

void VhostUserFrontEnd::negotiate() {
    const std::uint64_t offered = ask(kGetFeatures);
    const bool enables = (offered & kProtocolFeatures) != 0;
    send(kSetFeatures, bytes_of(kVersion1 | (offered & kProtocolFeatures)));
    if (enables) {
        ask(kGetProtocolFeatures);
        send(kSetProtocolFeatures, bytes_of(std::uint64_t{0}));
    }
    send(kSetOwner, "");
    share_memory();
    for (const Queue queue : {Queue::hiprio, Queue::request}) {
        start(queue);
        if (enables) {
            send(kSetVringEnable, bytes_of(VringState{static_cast<std::uint32_t>(queue), 1}));
        }
    }
    ask(kGetFeatures);  // answered when all before it is done
}

void VhostUserFrontEnd::share_memory() {
    MemoryTable table;
    table.our_address = address_of(memory_);
    send(kSetMemTable, bytes_of(table), memory_fd_.get());
}

void VhostUserFrontEnd::start(Queue queue) {
    const auto index = static_cast<std::uint32_t>(queue);
    const Ring rings = ring(queue);
    kicks_.at(index) = make_event();
    calls_.at(index) = make_event();
    send(kSetVringNum, bytes_of(VringState{index, kRingSize}));
    send(kSetVringBase, bytes_of(VringState{index, 0}));
    vhost_vring_addr address{};
    address.index = index;
    address.desc_user_addr = address_of(rings.descriptors);
    address.used_user_addr = address_of(rings.used);
    address.avail_user_addr = address_of(rings.available);
    send(kSetVringAddr, bytes_of(address));
    send(kSetVringCall, bytes_of(std::uint64_t{index}), calls_.at(index).get());
    send(kSetVringKick, bytes_of(std::uint64_t{index}), kicks_.at(index).get());
}

VhostUserFrontEnd::Ring VhostUserFrontEnd::ring(Queue queue) const {
    char* place = memory_ + static_cast<std::size_t>(queue) * kRingBytes;
    return {reinterpret_cast<vring_desc*>(place),
            reinterpret_cast<vring_avail*>(place + kRingSize * sizeof(vring_desc)),
            reinterpret_cast<vring_used*>(place + kUsedOffset)};
}

std::uint32_t VhostUserFrontEnd::exchange(Queue queue, const std::vector<Piece>& pieces) {
    const Ring rings = ring(queue);
    for (std::uint16_t i = 0; i < pieces.size(); ++i) {
        const Piece& piece = pieces.at(i);
        const bool goes_on = piece.next || i + 1U < pieces.size();
        const int flags =
            (piece.writable ? VRING_DESC_F_WRITE : 0) | (goes_on ? VRING_DESC_F_NEXT : 0);
        rings.descriptors[i] = {piece.address,
                                piece.size,
                                static_cast<std::uint16_t>(flags),
                                piece.next.value_or(static_cast<std::uint16_t>(i + 1))};
    }
    const std::uint16_t used_before = rings.used_index();
    const std::uint16_t index = rings.available->idx;
    rings.available->ring[index % kRingSize] = 0;
    std::atomic_ref(rings.available->idx)
        .store(static_cast<std::uint16_t>(index + 1), std::memory_order_release);
    ::eventfd_write(kicks_.at(static_cast<std::size_t>(queue)).get(), 1);
    await_use(queue, used_before);
    return rings.used->ring[used_before % kRingSize].len;
}

void VhostUserFrontEnd::await_use(Queue queue, std::uint16_t used_before) const {
    const int call = calls_.at(static_cast<std::size_t>(queue)).get();
    while (ring(queue).used_index() == used_before) {
        std::array<pollfd, 2> events{{{call, POLLIN, 0}, {connection_.get(), POLLIN, 0}}};
        if (::poll(events.data(), events.size(), kPatienceMs) == 0) {
            throw std::runtime_error("the server does not answer");
        }
        if (events[0].revents != 0) {
            eventfd_t count = 0;
            ::eventfd_read(call, &count);
        } else if (events[1].revents != 0) {
            throw ServerEnded();
        }
    }
}

void VhostUserFrontEnd::send(std::uint32_t request, std::string payload, int descriptor) {
    Header header{request, kVersion, static_cast<std::uint32_t>(payload.size())};
    std::array<iovec, 2> parts{{{&header, sizeof header}, {payload.data(), payload.size()}}};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    if (descriptor >= 0) {
        attach(message, control, descriptor);
    }
    if (::sendmsg(connection_.get(), &message, MSG_NOSIGNAL) < 0) {
        throw ServerEnded();
    }
}

std::uint64_t VhostUserFrontEnd::ask(std::uint32_t request) {
    send(request, "");
    struct {
        Header header;
        std::array<char, sizeof(std::uint64_t)> value{};
    } answer;
    if (::recv(connection_.get(), &answer, sizeof answer, MSG_WAITALL) != sizeof answer) {
        throw ServerEnded();
    }
    return value_in<std::uint64_t>({answer.value.data(), answer.value.size()});
}

}  // namespace kata::raw_fuse
