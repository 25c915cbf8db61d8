#include "pkg/base/netlink/message.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <new>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "pkg/base/error.h"

namespace kata::netlink {
namespace {

base::Error bad_text(const char* what, const std::string& text) {
    return {base::ErrorCode::invalid_argument,
            std::string("\"") + base::printable(text, 128) + "\" is not " + what};
}

void require(bool done) {
    if (!done) {
        throw base::Error(base::ErrorCode::internal, "a network request is too long");
    }
}

std::string ip_bytes(const std::string& address, int family) {
    std::array<char, sizeof(in6_addr)> bytes{};
    if (::inet_pton(family, address.c_str(), bytes.data()) != 1) {
        throw bad_text(family == AF_INET ? "an IPv4 address" : "an IPv6 address", address);
    }
    return {bytes.data(), family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr)};
}

}  // namespace

Message::Message(int type, int flags) : message_(nlmsg_alloc_simple(type, NLM_F_REQUEST | flags)) {
    if (message_ == nullptr) {
        throw std::bad_alloc();
    }
}

void Message::Free::operator()(nl_msg* message) const {
    nlmsg_free(message);
}

void Message::append(const void* data, std::size_t size) {
    require(nlmsg_append(message_.get(), const_cast<void*>(data), size, NLMSG_ALIGNTO) == 0);
}

void Message::put(int attribute, const void* data, std::size_t size) {
    require(nla_put(message_.get(), attribute, static_cast<int>(size), data) == 0);
}

void Message::put_text(int attribute, std::string_view text) {
    const std::string copy(text);
    put(attribute, copy.c_str(), copy.size() + 1);
}

void Message::put_ip(int attribute, const std::string& address, int family) {
    const std::string bytes = ip_bytes(address, family);
    put(attribute, bytes.data(), bytes.size());
}

nlattr* Message::begin_nest(int attribute) {
    nlattr* nest = nla_nest_start(message_.get(), attribute);
    require(nest != nullptr);
    return nest;
}

void Message::end_nest(nlattr* nest) {
    nla_nest_end(message_.get(), nest);
}

nlmsghdr* Message::raw() {
    return nlmsg_hdr(message_.get());
}

int family_of(const std::string& address) {
    return address.find(':') == std::string::npos ? AF_INET : AF_INET6;
}

Prefix parse_prefix(const std::string& text) {
    const auto slash = text.find('/');
    Prefix prefix{text.substr(0, slash), 0};
    const int family = family_of(prefix.address);
    static_cast<void>(ip_bytes(prefix.address, family));
    const unsigned whole = family == AF_INET ? 32 : 128;
    if (slash == std::string::npos) {
        prefix.length = whole;
        return prefix;
    }
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, prefix.length);
    if (error != std::errc() || stop != end || prefix.length > whole) {
        throw bad_text("an address with a prefix length", text);
    }
    return prefix;
}

std::string mac_bytes(const std::string& text) {
    std::string bytes;
    const char* position = text.data();
    const char* const end = text.data() + text.size();
    for (int i = 0; i < 6; ++i) {
        unsigned char byte = 0;
        const bool separated = i == 0 || (position != end && *position++ == ':');
        const auto [stop, error] = std::from_chars(position, end, byte, 16);
        if (!separated || error != std::errc() || stop - position > 2) {
            throw bad_text("a MAC address", text);
        }
        bytes.push_back(static_cast<char>(byte));
        position = stop;
    }
    if (position != end) {
        throw bad_text("a MAC address", text);
    }
    return bytes;
}

}  // namespace kata::netlink
