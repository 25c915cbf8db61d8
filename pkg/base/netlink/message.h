// Message: one rtnetlink request under construction, on libnl's nl_msg. Private to this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct nl_msg;
struct nlmsghdr;
struct nlattr;

namespace kata::netlink {

class Message {
  public:
    /// @param type RTM_... @param flags NLM_F_... beside NLM_F_REQUEST.
    Message(int type, int flags);

    /// Appends a family header (ifinfomsg, rtmsg, ...), which comes first.
    template <typename Header>
    void header(const Header& header) {
        append(&header, sizeof header);
    }

    void put(int attribute, const void* data, std::size_t size);
    void put_text(int attribute, std::string_view text);  // with its terminating zero
    void put_u32(int attribute, std::uint32_t value) { put(attribute, &value, sizeof value); }
    void put_u8(int attribute, std::uint8_t value) { put(attribute, &value, sizeof value); }
    /// An IP address without prefix. @throws base::Error invalid_argument.
    void put_ip(int attribute, const std::string& address, int family);

    /// Attributes put between begin and end are inside.
    [[nodiscard]] nlattr* begin_nest(int attribute);
    void end_nest(nlattr* nest);

    [[nodiscard]] nlmsghdr* raw();

  private:
    struct Free {
        void operator()(nl_msg* message) const;
    };
    void append(const void* data, std::size_t size);

    std::unique_ptr<nl_msg, Free> message_;
};

/// AF_INET or AF_INET6. @param address may have a prefix. @throws base::Error invalid_argument.
[[nodiscard]] int family_of(const std::string& address);

/// "10.0.0.1/8" taken apart; without a slash the whole address is the prefix.
struct Prefix {
    std::string address;
    unsigned length = 0;
};
/// @throws base::Error invalid_argument.
[[nodiscard]] Prefix parse_prefix(const std::string& text);

/// The six bytes of "02:42:ac:11:00:02". @throws base::Error invalid_argument.
[[nodiscard]] std::string mac_bytes(const std::string& text);

}  // namespace kata::netlink
