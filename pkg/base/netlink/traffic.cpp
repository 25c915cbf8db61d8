#include "pkg/base/netlink/traffic.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>

#include <array>
#include <cstddef>
#include <string>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "pkg/base/error.h"
#include "pkg/base/netlink/parse.h"
#include "pkg/base/netlink/qdisc.h"

namespace kata::netlink {
namespace {

constexpr std::uint32_t kIngressHandle = 0xffff0000;
constexpr std::uint32_t kPriority = 1;

tcmsg ingress_header(int link) {
    tcmsg header = traffic_header(link);
    header.tcm_parent = TC_H_INGRESS;
    header.tcm_handle = kIngressHandle;
    return header;
}

void add_ingress(Socket& socket, int link) {
    Message message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
    message.header(ingress_header(link));
    message.put_text(TCA_KIND, "ingress");
    socket.request(std::move(message),
                   "add an ingress qdisc to the network interface",
                   "number " + std::to_string(link));
}

// u32 with one key that compares no bit: it matches every packet of every protocol.
void put_match_all(Message& message) {
    std::array<char, sizeof(tc_u32_sel) + sizeof(tc_u32_key)> everything{};
    everything[offsetof(tc_u32_sel, flags)] = TC_U32_TERMINAL;
    everything[offsetof(tc_u32_sel, nkeys)] = 1;
    message.put(TCA_U32_SEL, everything.data(), everything.size());
}

void put_redirect(Message& message, int to) {
    tc_mirred mirred{};
    mirred.action = TC_ACT_STOLEN;
    mirred.eaction = TCA_EGRESS_REDIR;
    mirred.ifindex = static_cast<std::uint32_t>(to);
    nlattr* actions = message.begin_nest(TCA_U32_ACT);
    nlattr* first = message.begin_nest(1);
    message.put_text(TCA_ACT_KIND, "mirred");
    nlattr* options = message.begin_nest(TCA_ACT_OPTIONS);
    message.put(TCA_MIRRED_PARMS, &mirred, sizeof mirred);
    message.end_nest(options);
    message.end_nest(first);
    message.end_nest(actions);
}

bool is_ingress(const nlmsghdr& header, int link) {
    if (header.nlmsg_type != RTM_NEWQDISC) {
        return false;
    }
    const auto* fixed = static_cast<const tcmsg*>(nlmsg_data(&header));
    return fixed->tcm_ifindex == link && fixed->tcm_parent == TC_H_INGRESS;
}

}  // namespace

Ingress ingress_of(Socket& socket, int link) {
    Ingress ingress;
    list_qdiscs(socket, link, [&](const nlmsghdr& header) {
        ingress.qdisc = ingress.qdisc || is_ingress(header, link);
    });
    if (!ingress.qdisc) {
        return ingress;
    }
    tcmsg header = traffic_header(link);
    header.tcm_parent = kIngressHandle;
    Message filters(RTM_GETTFILTER, NLM_F_DUMP);
    filters.header(header);
    socket.dump(std::move(filters), "list the traffic filters", [&](const nlmsghdr& filter) {
        if (const auto found = parse_redirection(filter)) {
            ingress.redirected = true;
            ingress.target = found->target;
        }
    });
    return ingress;
}

void redirect_all(Socket& socket, int from, int to) {
    add_ingress(socket, from);
    tcmsg header = traffic_header(from);
    header.tcm_parent = kIngressHandle;
    header.tcm_info = TC_H_MAKE(kPriority << 16, htons(ETH_P_ALL));
    Message message(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL);
    message.header(header);
    message.put_text(TCA_KIND, "u32");
    nlattr* options = message.begin_nest(TCA_OPTIONS);
    put_match_all(message);
    put_redirect(message, to);
    message.end_nest(options);
    socket.request(std::move(message),
                   "redirect what arrives at the network interface",
                   "number " + std::to_string(from));
}

void remove_ingress(Socket& socket, int link) {
    if (ingress_of(socket, link).qdisc) {
        remove_qdisc(socket, ingress_header(link), "remove the ingress qdisc");
    }
}

}  // namespace kata::netlink
