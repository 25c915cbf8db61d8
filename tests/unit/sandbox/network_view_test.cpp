#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/sandbox/network/endpoint.h"
#include "pkg/sandbox/network/guest_view.h"
#include "tests/unit/support/expect_error.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using netlink::Address;
using netlink::Link;
using netlink::Neighbor;
using netlink::Route;
using test::failure_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr unsigned kUp = IFF_UP | IFF_RUNNING | IFF_BROADCAST | IFF_MULTICAST;

Link link_of(int index, const std::string& name, const std::string& kind) {
    return {.index = index,
            .name = name,
            .kind = kind,
            .mac = "02:42:ac:11:00:0" + std::to_string(index),
            .mtu = 1500,
            .flags = kUp,
            .hardware_type = ARPHRD_ETHER};
}

Link loopback() {
    return {.index = 1,
            .name = "lo",
            .kind = "",
            .mac = "00:00:00:00:00:00",
            .mtu = 65536,
            .flags = IFF_LOOPBACK | IFF_UP,
            .hardware_type = ARPHRD_LOOPBACK};
}

Address address_of(int link, const std::string& text) {
    return {.link = link,
            .family = text.find(':') == std::string::npos ? AF_INET : AF_INET6,
            .address = text,
            .scope = 0,
            .flags = 0};
}

Route route_of(int link, const std::string& destination, const std::string& gateway) {
    Route route;
    route.family = AF_INET;
    route.destination = destination;
    route.gateway = gateway;
    route.link = link;
    route.protocol = RTPROT_BOOT;
    route.type = RTN_UNICAST;
    route.table = RT_TABLE_MAIN;
    return route;
}

/// As docker's bridge leaves it.
NetworkScan docker_scan() {
    NetworkScan scan;
    scan.links = {link_of(7, "eth0", "veth"), loopback()};
    scan.addresses = {address_of(1, "127.0.0.1/8"), address_of(7, "172.17.0.2/16")};
    scan.routes = {route_of(7, "", "172.17.0.1")};
    Route kernel = route_of(7, "172.17.0.0/16", "");
    kernel.protocol = RTPROT_KERNEL;
    kernel.scope = RT_SCOPE_LINK;
    scan.routes.push_back(kernel);
    return scan;
}

class Kinds : public testing::TestWithParam<std::pair<const char*, InterfaceKind>> {};

TEST_P(Kinds, OfEthernetLinksAreTakenFromRtnetlinksName) {
    EXPECT_EQ(kind_of(link_of(2, "eth0", GetParam().first)), GetParam().second);
}

INSTANTIATE_TEST_SUITE_P(InterfaceKind,
                         Kinds,
                         testing::Values(std::pair{"veth", InterfaceKind::veth},
                                         std::pair{"macvlan", InterfaceKind::macvlan},
                                         std::pair{"macvtap", InterfaceKind::macvtap},
                                         std::pair{"tun", InterfaceKind::tap},
                                         std::pair{"ipvlan", InterfaceKind::ipvlan},
                                         std::pair{"", InterfaceKind::physical},
                                         std::pair{"bridge", InterfaceKind::unsupported},
                                         std::pair{"vxlan", InterfaceKind::unsupported},
                                         std::pair{"dummy", InterfaceKind::unsupported}));

TEST(InterfaceKind, OfATunIsUnsupportedBecauseItHasNoEthernet) {
    Link tun = link_of(2, "tun0", "tun");
    tun.hardware_type = ARPHRD_NONE;
    EXPECT_EQ(kind_of(tun), InterfaceKind::unsupported);
}

TEST(InterfaceKind, OfATapOfOursIsKnownByItsName) {
    EXPECT_EQ(kind_of(link_of(2, "kt0123456789a0", "tun")), InterfaceKind::tap);
    EXPECT_EQ(kind_of(link_of(2, "kt0123456789", "tun")), InterfaceKind::tap);
    EXPECT_EQ(kind_of(link_of(2, "kt01234abcde12", "tun")), InterfaceKind::ours);
    EXPECT_TRUE(is_tap_name(tap_name("0f6c1d38-6c0a-4a53-9d4e-2f3a7b5c9e10", 0)));
}

TEST(TapName, IsUniqueToVmAndNumberAndFitsTheKernel) {
    const std::string uuid = "0f6c1d38-6c0a-4a53-9d4e-2f3a7b5c9e10";
    EXPECT_EQ(tap_name(uuid, 0), "kt0f6c1d386c0");
    EXPECT_EQ(tap_name(uuid, 999), "kt0f6c1d386c999");
    EXPECT_LT(tap_name(uuid, 999).size(), std::size_t{IFNAMSIZ});
    EXPECT_EQ(failure_of([&] { static_cast<void>(tap_name(uuid, 1000)); }).code(),
              ErrorCode::unsupported);
}

TEST(GuestView, OfDockersBridgeIsOneInterfaceAndItsDefaultRoute) {
    const GuestView view = guest_view(docker_scan());
    ASSERT_EQ(view.interfaces.size(), 1U);
    EXPECT_EQ(view.interfaces[0].kind, InterfaceKind::veth);
    const GuestInterface expected{"eth0", "02:42:ac:11:00:07", 1500, {"172.17.0.2/16"}, false};
    EXPECT_EQ(view.interfaces[0].guest, expected);
    GuestRoute route;
    route.gateway = "172.17.0.1";
    route.device = "eth0";
    EXPECT_THAT(view.routes, ElementsAre(route));
    EXPECT_THAT(view.neighbors, IsEmpty());
}

TEST(GuestView, LeavesOutWhatHasNoAddressAndTheTapsOfVms) {
    NetworkScan scan = docker_scan();
    scan.links.push_back(link_of(3, "sit0", "sit"));
    scan.links.push_back(link_of(4, "eth1", "veth"));
    scan.links.push_back(link_of(5, "kt01234abcde0", "tun"));
    scan.addresses.push_back(address_of(5, "fe80::1/64"));
    EXPECT_EQ(guest_view(scan).interfaces.size(), 1U);
}

TEST(GuestView, RefusesAnAddressedInterfaceOfAKindThatNoVmCanHave) {
    NetworkScan scan = docker_scan();
    scan.links.push_back(link_of(3, "wg0", "wireguard"));
    scan.links.back().hardware_type = ARPHRD_NONE;
    scan.addresses.push_back(address_of(3, "10.9.0.2/24"));
    const base::Error error = failure_of([&] { static_cast<void>(guest_view(scan)); });
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_THAT(error.what(), HasSubstr("\"wg0\""));
    EXPECT_THAT(error.what(), HasSubstr("wireguard"));
}

TEST(GuestView, RefusesTwoInterfacesWithOneMacAddress) {
    NetworkScan scan = docker_scan();
    scan.links.push_back(link_of(8, "ipvl1", "ipvlan"));
    scan.links.back().mac = scan.links.front().mac;
    scan.addresses.push_back(address_of(8, "10.9.0.2/24"));
    EXPECT_THAT(failure_of([&] { static_cast<void>(guest_view(scan)); }).what(),
                HasSubstr("both have the MAC address"));
}

TEST(GuestView, TakesIpvlanWithoutArpAndHardwareInterfaces) {
    NetworkScan scan;
    scan.links = {link_of(2, "ens5", ""), link_of(3, "ipvl0", "ipvlan")};
    scan.links[1].flags |= IFF_NOARP;
    scan.addresses = {address_of(2, "10.0.0.5/24"), address_of(3, "10.0.0.6/24")};
    const GuestView view = guest_view(scan);
    ASSERT_EQ(view.interfaces.size(), 2U);
    EXPECT_EQ(view.interfaces[0].kind, InterfaceKind::physical);
    EXPECT_TRUE(view.interfaces[1].guest.no_arp);
}

TEST(GuestView, KeepsScopeSourceMetricAndFamilyOfRoutesAndNotThoseOfOtherTables) {
    NetworkScan scan = docker_scan();
    scan.routes.clear();
    Route full = route_of(7, "10.8.0.0/16", "172.17.0.9");
    full.source = "172.17.0.2";
    full.scope = RT_SCOPE_LINK;
    full.metric = 50;
    full.on_link = true;
    Route six = route_of(7, "", "fe80::1");
    six.family = AF_INET6;
    Route local = route_of(7, "172.17.0.2/32", "");
    local.table = RT_TABLE_LOCAL;
    Route blackhole = route_of(7, "10.66.0.0/16", "");
    blackhole.type = RTN_BLACKHOLE;
    const Route of_loopback = route_of(1, "127.9.0.0/16", "");
    scan.routes = {full, six, local, blackhole, of_loopback};
    const GuestRoute expected_full{
        "10.8.0.0/16", "172.17.0.9", "eth0", "172.17.0.2", RT_SCOPE_LINK, 4, 50, true};
    const GuestRoute expected_six{"", "fe80::1", "eth0", "", 0, 6, 0, false};
    EXPECT_THAT(guest_view(scan).routes, ElementsAre(expected_full, expected_six));
}

TEST(GuestView, TakesPermanentNeighborsOnly) {
    NetworkScan scan = docker_scan();
    scan.neighbors = {Neighbor{7, AF_INET, "172.17.0.9", "02:00:00:00:00:09", NUD_PERMANENT, 0},
                      Neighbor{7, AF_INET, "172.17.0.1", "02:00:00:00:00:01", NUD_REACHABLE, 0},
                      Neighbor{1, AF_INET, "127.0.0.9", "02:00:00:00:00:08", NUD_PERMANENT, 0}};
    const GuestNeighbor expected{"172.17.0.9", "eth0", "02:00:00:00:00:09", NUD_PERMANENT, 0};
    EXPECT_THAT(guest_view(scan).neighbors, ElementsAre(expected));
}

TEST(ServedInterface, MayBeWithoutAnAddressAndMustExist) {
    NetworkScan scan = docker_scan();
    scan.links.push_back(link_of(9, "eth9", "veth"));
    EXPECT_EQ(served_interface(scan, "eth9").link.index, 9);
    for (const char* name : {"lo", "eth8"}) {
        EXPECT_EQ(failure_of([&] { static_cast<void>(served_interface(scan, name)); }).code(),
                  ErrorCode::not_found)
            << name;
    }
}

TEST(MakeEndpoint, FallsBackToTcfilterWhereAMacvtapCannotBe) {
    NetworkScan scan;
    scan.links = {link_of(2, "a", "veth"), link_of(3, "b", "ipvlan"), link_of(4, "c", "macvlan")};
    for (const Link& link : scan.links) {
        scan.addresses.push_back(address_of(link.index, "10.0.0.5/24"));
    }
    std::vector<InternetworkingModel> models;
    for (const ServedInterface& served : guest_view(scan).interfaces) {
        models.push_back(make_endpoint(served, InternetworkingModel::macvtap, "t").model);
    }
    EXPECT_THAT(models,
                ElementsAre(InternetworkingModel::macvtap,
                            InternetworkingModel::tcfilter,
                            InternetworkingModel::tcfilter));
}

TEST(ModelFor, IsTheConfiguredOneUnlessAMacvtapWouldPassTheLimitBy) {
    constexpr auto kFilter = InternetworkingModel::tcfilter;
    constexpr auto kMacvtap = InternetworkingModel::macvtap;
    EXPECT_EQ(model_for(kMacvtap, {}), kMacvtap);
    EXPECT_EQ(model_for(kMacvtap, {.received = 1, .sent = 0}), kFilter);
    EXPECT_EQ(model_for(kMacvtap, {.received = 0, .sent = 1}), kFilter);
    EXPECT_EQ(model_for(kFilter, {.received = 1, .sent = 1}), kFilter);
    EXPECT_EQ(model_for(InternetworkingModel::none, {.received = 1, .sent = 1}),
              InternetworkingModel::none);
}

TEST(NicOf, SaysThatAMacvtapIsNotLibvirtsToMake) {
    NetworkEndpoint endpoint;
    endpoint.tap = "kt01234abcde0";
    endpoint.guest.mac = "02:42:ac:11:00:07";
    endpoint.guest.mtu = 1400;
    const VmNic tap{"kt01234abcde0", true, "02:42:ac:11:00:07", 1400, 4, false};
    EXPECT_EQ(nic_of(endpoint, {.vhost = false, .queues = 4}), tap);
    endpoint.model = InternetworkingModel::macvtap;
    EXPECT_FALSE(nic_of(endpoint, {}).managed);
}

}  // namespace
}  // namespace kata::sandbox
