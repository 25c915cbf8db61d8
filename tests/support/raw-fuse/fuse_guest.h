// FuseGuest: a guest's kernel as far as it speaks FUSE, but for its manners: it sends what it is
// told to send.
#pragma once

#include <linux/fuse.h>

#include <cstdint>
#include <string>

#include "tests/support/raw-fuse/vhost_user.h"

namespace kata::raw_fuse {

struct Reply {
    bool answered = false;  // false: the request was taken, and nothing said
    int error = 0;          // an errno
    std::string body;

    [[nodiscard]] bool ok() const { return answered && error == 0; }
};

class FuseGuest {
  public:
    /// Begins the conversation. @throws ServerEnded
    explicit FuseGuest(VhostUserFrontEnd& device);

    /// @param node the inode it is about. @throws ServerEnded
    Reply ask(std::uint32_t opcode, std::uint64_t node, const std::string& body);

    /// The same without a reply, by the queue for what must not wait.
    void tell(std::uint32_t opcode, std::uint64_t node, const std::string& body);

    /// Bytes as they are, with so much room for the answer.
    Reply ask_raw(const std::string& request, std::uint32_t room);

    /// The bytes of a request, which is what it says it is.
    std::string request(std::uint32_t opcode, std::uint64_t node, const std::string& body);

    Reply lookup(std::uint64_t parent, const std::string& name);
    /// @throws std::runtime_error if there is no such name.
    std::uint64_t find(std::uint64_t parent, const std::string& name);
    Reply open(std::uint64_t node, std::uint32_t flags);
    Reply read(std::uint64_t node, std::uint64_t handle, std::uint32_t size);

    static constexpr std::uint32_t kRoom = 64 << 10;

  private:
    VhostUserFrontEnd& device_;
    std::uint64_t unique_ = 0;
};

/// A name as it stands in a request.
[[nodiscard]] std::string name_bytes(const std::string& name);

}  // namespace kata::raw_fuse
