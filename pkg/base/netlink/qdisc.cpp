#include "pkg/base/netlink/qdisc.h"

#include <sys/socket.h>

#include <string>
#include <utility>

namespace kata::netlink {

tcmsg traffic_header(int link) {
    tcmsg header{};
    header.tcm_family = AF_UNSPEC;
    header.tcm_ifindex = link;
    return header;
}

void list_qdiscs(Socket& socket, int link, const std::function<void(const nlmsghdr&)>& visit) {
    Message qdiscs(RTM_GETQDISC, NLM_F_DUMP);
    qdiscs.header(traffic_header(link));
    socket.dump(std::move(qdiscs), "list the qdiscs", visit);
}

void remove_qdisc(Socket& socket, const tcmsg& which, const char* what) {
    Message message(RTM_DELQDISC, 0);
    message.header(which);
    socket.request(std::move(message),
                   std::string(what) + " of the network interface",
                   "number " + std::to_string(which.tcm_ifindex));
}

}  // namespace kata::netlink
