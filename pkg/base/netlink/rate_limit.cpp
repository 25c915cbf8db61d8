#include "pkg/base/netlink/rate_limit.h"

#include <linux/if_ether.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <limits>
#include <utility>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "pkg/base/error.h"
#include "pkg/base/netlink/parse.h"
#include "pkg/base/netlink/qdisc.h"

namespace kata::netlink {
namespace {

// "kt:" as tc(8) shows it in hexadecimal, 6b74:.
constexpr std::uint32_t kHandle = 0x6b740000;
constexpr std::uint64_t kBitsOfByte = 8;
// What may leave at once after a pause: this part of a second's bytes.
constexpr std::uint64_t kBurstsPerSecond = 100;
// What may wait: this part of a second's bytes, but always some of the largest packets, which a
// guest hands over uncut.
constexpr std::uint64_t kQueuesPerSecond = 10;
constexpr std::uint64_t kLeastQueue = 256 << 10;

std::uint32_t capped(std::uint64_t value) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

tcmsg root_of(int link) {
    tcmsg header = traffic_header(link);
    header.tcm_parent = TC_H_ROOT;
    header.tcm_handle = kHandle;
    return header;
}

void put_bucket(Message& message, std::uint64_t bytes_per_second, unsigned mtu) {
    // A packet larger than the burst could never leave.
    const std::uint64_t burst =
        std::max(bytes_per_second / kBurstsPerSecond, 2 * (std::uint64_t{mtu} + ETH_HLEN));
    tc_tbf_qopt parameters{};
    parameters.rate.rate = capped(bytes_per_second);
    parameters.rate.linklayer = TC_LINKLAYER_ETHERNET;
    parameters.limit = capped(burst + std::max(bytes_per_second / kQueuesPerSecond, kLeastQueue));
    nlattr* options = message.begin_nest(TCA_OPTIONS);
    message.put(TCA_TBF_PARMS, &parameters, sizeof parameters);
    message.put(TCA_TBF_RATE64, &bytes_per_second, sizeof bytes_per_second);
    message.put_u32(TCA_TBF_BURST, capped(burst));
    message.end_nest(options);
}

}  // namespace

void limit_what_leaves(Socket& socket, const Link& link, std::uint64_t bits_per_second) {
    remove_limit(socket, link.index);
    if (bits_per_second == 0) {
        return;
    }
    Message message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
    message.header(root_of(link.index));
    message.put_text(TCA_KIND, "tbf");
    put_bucket(message, std::max<std::uint64_t>(bits_per_second / kBitsOfByte, 1), link.mtu);
    socket.request(std::move(message), "limit what leaves the network interface", link.name);
}

std::uint64_t limit_of_what_leaves(Socket& socket, int link) {
    std::uint64_t bits = 0;
    list_qdiscs(socket, link, [&](const nlmsghdr& header) {
        const auto found = parse_rate_limit(header);
        if (found && found->link == link && found->handle == kHandle) {
            bits = found->bytes_per_second * kBitsOfByte;
        }
    });
    return bits;
}

void remove_limit(Socket& socket, int link) {
    if (limit_of_what_leaves(socket, link) != 0) {
        remove_qdisc(socket, root_of(link), "remove the rate limit");
    }
}

}  // namespace kata::netlink
