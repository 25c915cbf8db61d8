// VhostUserFrontEnd: what QEMU and a guest's virtio driver are to virtiofsd, without either: memory
// shared with it, and a split virtqueue for each of the two kinds of requests. A driver describes
// its requests as it likes, so nothing is checked here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "pkg/base/unique_fd.h"

namespace kata::raw_fuse {

/// The server closed the connection: it has ended, or will have nothing more of us.
struct ServerEnded : std::runtime_error {
    ServerEnded() : std::runtime_error("the server closed the connection") {}
};

/// One buffer of a request, as its descriptor says.
struct Piece {
    std::uint64_t address = 0;  // the guest's
    std::uint32_t size = 0;
    bool writable = false;
    std::optional<std::uint16_t> next{};  // nullopt: the following piece, if there is one
};

class VhostUserFrontEnd {
  public:
    enum class Queue : std::uint32_t { hiprio, request };

    /// Makes the device ready. @throws ServerEnded
    explicit VhostUserFrontEnd(base::UniqueFd connection);
    ~VhostUserFrontEnd();
    VhostUserFrontEnd(const VhostUserFrontEnd&) = delete;
    VhostUserFrontEnd& operator=(const VhostUserFrontEnd&) = delete;
    VhostUserFrontEnd(VhostUserFrontEnd&&) = delete;
    VhostUserFrontEnd& operator=(VhostUserFrontEnd&&) = delete;

    /// Makes the pieces available and waits until they are used.
    /// @return how many bytes the server says that it wrote. @throws ServerEnded
    std::uint32_t exchange(Queue queue, const std::vector<Piece>& pieces);

    /// Where requests and answers are, and the guest's address of it.
    [[nodiscard]] std::span<char> buffer() const;
    static constexpr std::uint64_t kBufferAddress = std::uint64_t{1} << 20;

  private:
    struct Ring;

    void negotiate();
    void share_memory();
    void start(Queue queue);
    [[nodiscard]] Ring ring(Queue queue) const;
    void await_use(Queue queue, std::uint16_t used_before) const;
    void send(std::uint32_t request, std::string payload, int descriptor = -1);
    std::uint64_t ask(std::uint32_t request);

    base::UniqueFd connection_;
    base::UniqueFd memory_fd_;
    char* memory_ = nullptr;
    std::array<base::UniqueFd, 2> kicks_;
    std::array<base::UniqueFd, 2> calls_;
};

}  // namespace kata::raw_fuse
