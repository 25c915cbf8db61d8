#include "pkg/agent/guest/power_button.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/base/error.h"

namespace kata::agent::guest {
namespace {

constexpr const char* kFamily = "acpi_event";
constexpr std::string_view kGroup = "acpi_mc_group";
constexpr std::uint16_t kAcpiEventAttribute =
    1;  // ACPI_GENL_ATTR_EVENT: a struct that begins with the class
constexpr std::string_view kPowerButtonClass = "button/power";

struct Attribute {
    std::uint16_t type;
    std::string_view value;
};

// Takes the next attribute from the front of `bytes`; nullopt at the end or at nonsense.
std::optional<Attribute> next_attribute(std::string_view& bytes) {
    nlattr header{};
    if (bytes.size() < sizeof header) {
        return std::nullopt;
    }
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > bytes.size()) {
        return std::nullopt;
    }
    const Attribute attribute{static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
                              bytes.substr(NLA_HDRLEN, header.nla_len - NLA_HDRLEN)};
    bytes.remove_prefix(std::min<std::size_t>(bytes.size(), NLA_ALIGN(header.nla_len)));
    return attribute;
}

std::optional<std::string_view> find_attribute(std::string_view bytes, std::uint16_t type) {
    while (const auto attribute = next_attribute(bytes)) {
        if (attribute->type == type) {
            return attribute->value;
        }
    }
    return std::nullopt;
}

// What follows the two headers of a generic netlink message.
std::string_view payload_of(std::string_view message) {
    nlmsghdr header{};
    if (message.size() < NLMSG_HDRLEN + GENL_HDRLEN) {
        return {};
    }
    std::memcpy(&header, message.data(), sizeof header);
    if (header.nlmsg_type < NLMSG_MIN_TYPE || header.nlmsg_len > message.size()) {
        return {};
    }
    return message.substr(0, header.nlmsg_len).substr(NLMSG_HDRLEN + GENL_HDRLEN);
}

std::uint32_t number_in(std::string_view value) {
    std::uint32_t number = 0;
    std::memcpy(&number, value.data(), std::min(value.size(), sizeof number));
    return number;
}

std::string text_in(std::string_view value) {
    return std::string(value.substr(0, value.find('\0')));
}

// The number of the multicast group, in the kernel's description of the family; 0 if it is not
// there.
std::uint32_t group_in(std::string_view description) {
    auto groups = find_attribute(description, CTRL_ATTR_MCAST_GROUPS).value_or("");
    while (const auto group = next_attribute(groups)) {
        const auto name = find_attribute(group->value, CTRL_ATTR_MCAST_GRP_NAME);
        const auto id = find_attribute(group->value, CTRL_ATTR_MCAST_GRP_ID);
        if (name && id && text_in(*name) == kGroup) {
            return number_in(*id);
        }
    }
    return 0;
}

std::string family_request() {
    const std::size_t name_size = std::strlen(kFamily) + 1;
    nlattr attribute{};
    attribute.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + name_size);
    attribute.nla_type = CTRL_ATTR_FAMILY_NAME;
    nlmsghdr header{};
    header.nlmsg_type = GENL_ID_CTRL;
    header.nlmsg_flags = NLM_F_REQUEST;
    header.nlmsg_len =
        static_cast<std::uint32_t>(NLMSG_HDRLEN + GENL_HDRLEN + NLA_ALIGN(attribute.nla_len));
    genlmsghdr command{};
    command.cmd = CTRL_CMD_GETFAMILY;
    command.version = 1;
    std::string request(header.nlmsg_len, '\0');
    std::memcpy(request.data(), &header, sizeof header);
    std::memcpy(request.data() + NLMSG_HDRLEN, &command, sizeof command);
    std::memcpy(request.data() + NLMSG_HDRLEN + GENL_HDRLEN, &attribute, sizeof attribute);
    std::memcpy(request.data() + NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN, kFamily, name_size);
    return request;
}

std::uint32_t find_group(const base::UniqueFd& socket) {
    const std::string request = family_request();
    if (::send(socket.get(), request.data(), request.size(), 0) < 0) {
        return 0;
    }
    // The kernel answers a family request before send() returns.
    std::array<char, 8192> answer{};
    const ssize_t count = ::recv(socket.get(), answer.data(), answer.size(), MSG_DONTWAIT);
    return count > 0 ? group_in(payload_of({answer.data(), static_cast<std::size_t>(count)})) : 0;
}

}  // namespace

bool is_power_button_press(std::string_view message) {
    const auto event = find_attribute(payload_of(message), kAcpiEventAttribute);
    return event && text_in(*event).starts_with(kPowerButtonClass);
}

PowerButton::PowerButton(EventLoop& loop, std::function<void()> on_press)
    : on_press_(std::move(on_press)),
      socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_GENERIC)) {
    const std::uint32_t group = socket_.valid() ? find_group(socket_) : 0;
    if (group == 0 ||
        ::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) !=
            0) {
        log_error("cannot listen to the power button: the kernel sends no ACPI events");
        return;
    }
    watch_ = loop.watch(socket_.ref(), EPOLLIN, [this](std::uint32_t) { receive(); });
}

void PowerButton::receive() {
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (count <= 0) {
            return;
        }
        if (is_power_button_press({buffer.data(), static_cast<std::size_t>(count)})) {
            on_press_();
        }
    }
}

}  // namespace kata::agent::guest
