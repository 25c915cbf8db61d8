#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/netlink/addresses.h"
#include "pkg/base/netlink/links.h"
#include "pkg/base/netlink/message.h"
#include "pkg/base/netlink/network_namespace.h"
#include "pkg/base/netlink/parse.h"
#include "pkg/base/netlink/rate_limit.h"
#include "pkg/base/netlink/routes.h"
#include "pkg/base/netlink/traffic.h"
#include "pkg/base/netlink/watch.h"
#include "tests/unit/support/expect_error.h"

namespace kata::netlink {
namespace {

using base::ErrorCode;
using test::failure_of;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Prefix, IsTakenApartStrictly) {
    EXPECT_EQ(parse_prefix("10.0.0.1/8").length, 8U);
    EXPECT_EQ(parse_prefix("10.0.0.1").length, 32U);
    EXPECT_EQ(parse_prefix("fd00::1").length, 128U);
    EXPECT_EQ(parse_prefix("fd00::1/64").address, "fd00::1");
    for (const char* bad : {"",
                            "/8",
                            "10.0.0.1/",
                            "10.0.0.1/33",
                            "10.0.0.1/8x",
                            "10.0.0/8",
                            "fd00::1/129",
                            "fd00::g/64",
                            "10.0.0.1/-1",
                            "10.0.0.1/+8"}) {
        EXPECT_EQ(failure_of([&] { static_cast<void>(parse_prefix(bad)); }).code(),
                  ErrorCode::invalid_argument)
            << bad;
    }
}

TEST(MacBytes, AreReadStrictly) {
    EXPECT_EQ(mac_bytes("02:42:ac:11:00:ff"), std::string("\x02\x42\xac\x11\x00\xff", 6));
    for (const char* bad : {"",
                            "02:42:ac:11:00",
                            "02:42:ac:11:00:ff:01",
                            "02:42:ac:11:00:fff",
                            "02-42-ac-11-00-ff",
                            "02:42:ac:11:00:f "}) {
        EXPECT_EQ(failure_of([&] { static_cast<void>(mac_bytes(bad)); }).code(),
                  ErrorCode::invalid_argument)
            << bad;
    }
}

// --- messages as the kernel sends them -----------------------------------------------------------

Message recorded_link(const std::string& kind) {
    Message message(RTM_NEWLINK, 0);
    ifinfomsg header{};
    header.ifi_type = 1;
    header.ifi_index = 7;
    header.ifi_flags = IFF_UP | IFF_NOARP;
    message.header(header);
    message.put_text(IFLA_IFNAME, "ipvl0");
    message.put_u32(IFLA_MTU, 1450);
    message.put(IFLA_ADDRESS, "\x02\x42\xac\x11\x00\x02", 6);
    nlattr* information = message.begin_nest(IFLA_LINKINFO);
    message.put_text(IFLA_INFO_KIND, kind);
    message.end_nest(information);
    return message;
}

TEST(ParseLink, OfAnIpvlanKeepsKindAndFlags) {
    Message message = recorded_link("ipvlan");
    const Link expected{7, "ipvl0", "ipvlan", "02:42:ac:11:00:02", 1450, IFF_UP | IFF_NOARP, 1};
    EXPECT_EQ(parse_link(*message.raw()), expected);
}

TEST(ParseLink, OfAMessageOfAnotherKindOrCutShortIsNothing) {
    Message message = recorded_link("veth");
    EXPECT_EQ(parse_address(*message.raw()), std::nullopt);
    EXPECT_EQ(parse_route(*message.raw()), std::nullopt);
    EXPECT_EQ(parse_neighbor(*message.raw()), std::nullopt);
    message.raw()->nlmsg_len = NLMSG_LENGTH(4);
    EXPECT_EQ(parse_link(*message.raw()), std::nullopt);
}

TEST(ParseAddress, OfAPointToPointLinkIsTheOwnOneNotThePeers) {
    Message message(RTM_NEWADDR, 0);
    ifaddrmsg header{};
    header.ifa_family = AF_INET;
    header.ifa_prefixlen = 32;
    header.ifa_index = 3;
    message.header(header);
    message.put_ip(IFA_ADDRESS, "10.0.0.1", AF_INET);
    message.put_ip(IFA_LOCAL, "10.0.0.2", AF_INET);
    const Address expected{3, AF_INET, "10.0.0.2/32", 0, 0};
    EXPECT_EQ(parse_address(*message.raw()), expected);
}

TEST(ParseRoute, OfSeveralHopsIsTheFirst) {
    Message message(RTM_NEWROUTE, 0);
    rtmsg header{};
    header.rtm_family = AF_INET;
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_type = RTN_UNICAST;
    message.header(header);
    struct {
        rtnexthop hop;
        rtattr attribute;
        in_addr gateway;
    } hops{};
    hops.hop.rtnh_len = sizeof hops;
    hops.hop.rtnh_ifindex = 9;
    hops.attribute.rta_len = RTA_LENGTH(sizeof(in_addr));
    hops.attribute.rta_type = RTA_GATEWAY;
    ::inet_pton(AF_INET, "10.0.0.254", &hops.gateway);
    message.put(RTA_MULTIPATH, &hops, sizeof hops);
    const auto route = parse_route(*message.raw());
    ASSERT_TRUE(route);
    EXPECT_EQ(route->gateway, "10.0.0.254");
    EXPECT_EQ(route->link, 9);
}

TEST(ParseRoute, OfHopsThatAreCutShortHasNone) {
    Message message(RTM_NEWROUTE, 0);
    message.header(rtmsg{});
    rtnexthop hop{};
    hop.rtnh_len = 200;
    message.put(RTA_MULTIPATH, &hop, sizeof hop);
    const auto route = parse_route(*message.raw());
    ASSERT_TRUE(route);
    EXPECT_EQ(route->gateway, "");
}

// --- the kernel itself, in a namespace of the test's own -----------------------------------------

void in_new_namespace(const std::function<void()>& work) {
    bool entered = false;
    std::exception_ptr failure;
    std::thread([&] {
        entered = ::unshare(CLONE_NEWNET) == 0;
        try {
            if (entered) {
                work();
            }
        } catch (...) {
            failure = std::current_exception();
        }
    }).join();
    if (failure) {
        std::rethrow_exception(failure);
    }
    if (!entered) {
        GTEST_SKIP() << "making a network namespace needs root";
    }
}

int loopback(Socket& socket) {
    const auto link = find_link(socket, "lo");
    return link ? link->index : 0;
}

TEST(Kernel, TakesAndListsAddressesRoutesAndNeighbours) {
    in_new_namespace([] {
        Socket socket;
        const int lo = loopback(socket);
        ASSERT_NE(lo, 0);
        set_link_up(socket, lo);
        add_address(socket, lo, "10.1.2.3/24");
        add_address(socket, lo, "10.1.2.3/24");
        add_address(socket, lo, "fd01::3/64");
        EXPECT_THAT(list_addresses(socket), Contains(Field(&Address::address, "10.1.2.3/24")));
        EXPECT_THAT(list_addresses(socket), Contains(Field(&Address::address, "fd01::3/64")));

        Route route;
        route.family = AF_INET;
        route.destination = "10.9.0.0/16";
        route.gateway = "10.1.2.9";
        route.link = lo;
        route.source = "10.1.2.3";
        route.metric = 50;
        add_route(socket, route);
        std::vector<Route> configured = list_routes(socket);
        std::erase_if(configured, [](const Route& one) { return !is_configured_route(one); });
        ASSERT_THAT(configured, SizeIs(1));
        EXPECT_EQ(configured[0].gateway, "10.1.2.9");
        EXPECT_EQ(configured[0].source, "10.1.2.3");
        EXPECT_EQ(configured[0].metric, 50U);
        remove_route(socket, configured[0]);
        remove_route(socket, configured[0]);
        EXPECT_EQ(std::ranges::count_if(list_routes(socket), is_configured_route), 0);

        remove_address(socket, lo, "10.1.2.3/24");
        remove_address(socket, lo, "10.1.2.3/24");
        EXPECT_THAT(list_addresses(socket),
                    testing::Not(Contains(Field(&Address::address, "10.1.2.3/24"))));
    });
}

TEST(Kernel, RedirectsAllTrafficAndForgetsItAgain) {
    in_new_namespace([] {
        Socket socket;
        const int lo = loopback(socket);
        EXPECT_FALSE(ingress_of(socket, lo).qdisc);
        redirect_all(socket, lo, lo);
        EXPECT_TRUE(ingress_of(socket, lo).redirected);
        EXPECT_EQ(ingress_of(socket, lo).target, lo);
        EXPECT_EQ(failure_of([&] { redirect_all(socket, lo, lo); }).code(),
                  ErrorCode::already_exists);
        remove_ingress(socket, lo);
        remove_ingress(socket, lo);
        EXPECT_FALSE(ingress_of(socket, lo).qdisc);
    });
}

TEST(Kernel, LimitsWhatLeavesALinkAndForgetsItAgain) {
    in_new_namespace([] {
        Socket socket;
        const auto lo = find_link(socket, "lo");
        ASSERT_TRUE(lo);
        EXPECT_EQ(limit_of_what_leaves(socket, lo->index), 0U);
        for (const std::uint64_t bits :
             {std::uint64_t{8}, std::uint64_t{10'000'000}, std::uint64_t{400'000'000'000}}) {
            limit_what_leaves(socket, *lo, bits);
            EXPECT_EQ(limit_of_what_leaves(socket, lo->index), bits);
        }
        limit_what_leaves(socket, *lo, 1);
        EXPECT_EQ(limit_of_what_leaves(socket, lo->index), 8U) << "the least there is";
        limit_what_leaves(socket, *lo, 0);
        EXPECT_EQ(limit_of_what_leaves(socket, lo->index), 0U);
        remove_limit(socket, lo->index);
    });
}

TEST(Kernel, LeavesTheLimitsOfOthersAlone) {
    in_new_namespace([] {
        Socket socket;
        const auto lo = find_link(socket, "lo");
        ASSERT_TRUE(lo);
        Message message(RTM_NEWQDISC, NLM_F_CREATE);
        tcmsg header{};
        header.tcm_ifindex = lo->index;
        header.tcm_parent = TC_H_ROOT;
        header.tcm_handle = 0x10000;
        message.header(header);
        message.put_text(TCA_KIND, "pfifo");
        socket.request(std::move(message), "add", "a queue");
        const base::Error error = failure_of([&] { limit_what_leaves(socket, *lo, 8000); });
        EXPECT_EQ(error.code(), ErrorCode::already_exists);
        EXPECT_THAT(error.what(),
                    HasSubstr("cannot limit what leaves the network interface \"lo\""));
        remove_limit(socket, lo->index);
        EXPECT_EQ(failure_of([&] { limit_what_leaves(socket, *lo, 8000); }).code(),
                  ErrorCode::already_exists);
    });
}

TEST(Kernel, SaysWhyItRefuses) {
    in_new_namespace([] {
        Socket socket;
        Route route;
        route.family = AF_INET;
        route.gateway = "10.77.77.1";
        const base::UniqueFd own = base::open_file("/proc/thread-self/ns/net", O_RDONLY);
        const base::Error error = failure_of([&] { add_route(socket, route); });
        EXPECT_THAT(error.what(), HasSubstr("cannot add the route to \"default\""));
        EXPECT_THAT(failure_of([&] { create_macvtap(socket, "t0", 4711, own.ref()); }).what(),
                    HasSubstr("cannot make the macvtap \"t0\""));
        delete_link(socket, "no-such-link");
    });
}

TEST(Kernel, TellsAWatchThatSomethingHasChanged) {
    in_new_namespace([] {
        LinkWatch watch;
        EXPECT_FALSE(watch.drain());
        Socket socket;
        set_link_up(socket, loopback(socket));
        EXPECT_TRUE(watch.wait(std::chrono::seconds(10)));
        static_cast<void>(watch.drain());
        EXPECT_FALSE(watch.drain());
    });
}

TEST(Kernel, IsSpokenToInAnotherNamespaceWithoutEnteringIt) {
    in_new_namespace([] {
        const base::UniqueFd inner = base::open_file("/proc/thread-self/ns/net", O_RDONLY);
        Socket setup;
        add_address(setup, loopback(setup), "10.3.3.3/32");
        ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
        const auto outer = identity_of(std::filesystem::path("/proc/thread-self/ns/net"));
        Socket socket(inner.ref());
        EXPECT_THAT(list_addresses(socket), Contains(Field(&Address::address, "10.3.3.3/32")));
        Socket here;
        EXPECT_THAT(list_addresses(here), IsEmpty());
        EXPECT_EQ(identity_of(std::filesystem::path("/proc/thread-self/ns/net")), outer);
        EXPECT_NE(identity_of(inner.ref()), *outer);
    });
}

TEST(InNetworkNamespace, ThrowsHereWhatTheWorkThrowsThere) {
    in_new_namespace([] {
        const base::UniqueFd own = base::open_file("/proc/thread-self/ns/net", O_RDONLY);
        EXPECT_EQ(failure_of([&] {
                      in_network_namespace(own.ref(),
                                           [] { throw base::Error(ErrorCode::timeout, "late"); });
                  }).code(),
                  ErrorCode::timeout);
        const base::UniqueFd none = base::open_file("/dev/null", O_RDONLY);
        EXPECT_EQ(failure_of([&] { in_network_namespace(none.ref(), [] {}); }).code(),
                  ErrorCode::invalid_argument);
    });
}

}  // namespace
}  // namespace kata::netlink
