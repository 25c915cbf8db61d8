#include "tests/support/raw-fuse/fuse_guest.h"

#include <algorithm>
#include <stdexcept>

#include "tests/support/raw-fuse/bytes.h"

namespace kata::raw_fuse {
namespace {

// Where the answer is, behind the longest request.
constexpr std::uint32_t kAnswerOffset = 128 << 10;

}  // namespace

FuseGuest::FuseGuest(VhostUserFrontEnd& device) : device_(device) {
    fuse_init_in init{};
    init.major = FUSE_KERNEL_VERSION;
    init.minor = FUSE_KERNEL_MINOR_VERSION;
    ask(FUSE_INIT, 0, bytes_of(init));
}

std::string FuseGuest::request(std::uint32_t opcode, std::uint64_t node, const std::string& body) {
    fuse_in_header header{};
    header.len = static_cast<std::uint32_t>(sizeof header + body.size());
    header.opcode = opcode;
    header.unique = ++unique_;
    header.nodeid = node;
    return bytes_of(header) + body;
}

Reply FuseGuest::ask(std::uint32_t opcode, std::uint64_t node, const std::string& body) {
    return ask_raw(request(opcode, node, body), kRoom);
}

Reply FuseGuest::ask_raw(const std::string& request, std::uint32_t room) {
    const auto buffer = device_.buffer();
    std::ranges::copy(request, buffer.begin());
    const std::uint32_t used = device_.exchange(
        VhostUserFrontEnd::Queue::request,
        {{VhostUserFrontEnd::kBufferAddress, static_cast<std::uint32_t>(request.size())},
         {VhostUserFrontEnd::kBufferAddress + kAnswerOffset, room, true}});
    if (used == 0) {
        return {};
    }
    const std::string answer(buffer.data() + kAnswerOffset, std::min(used, room));
    const auto header = value_in<fuse_out_header>(answer);
    return {true, -header.error, answer.substr(sizeof header)};
}

void FuseGuest::tell(std::uint32_t opcode, std::uint64_t node, const std::string& body) {
    const std::string bytes = request(opcode, node, body);
    std::ranges::copy(bytes, device_.buffer().begin());
    device_.exchange(
        VhostUserFrontEnd::Queue::hiprio,
        {{VhostUserFrontEnd::kBufferAddress, static_cast<std::uint32_t>(bytes.size())}});
}

Reply FuseGuest::lookup(std::uint64_t parent, const std::string& name) {
    return ask(FUSE_LOOKUP, parent, name_bytes(name));
}

std::uint64_t FuseGuest::find(std::uint64_t parent, const std::string& name) {
    const Reply reply = lookup(parent, name);
    if (!reply.ok()) {
        throw std::runtime_error("there is no \"" + name + "\"");
    }
    return value_in<fuse_entry_out>(reply.body).nodeid;
}

Reply FuseGuest::open(std::uint64_t node, std::uint32_t flags) {
    fuse_open_in open{};
    open.flags = flags;
    return ask(FUSE_OPEN, node, bytes_of(open));
}

Reply FuseGuest::read(std::uint64_t node, std::uint64_t handle, std::uint32_t size) {
    fuse_read_in read{};
    read.fh = handle;
    read.size = size;
    return ask(FUSE_READ, node, bytes_of(read));
}

std::string name_bytes(const std::string& name) {
    return name + '\0';
}

}  // namespace kata::raw_fuse
