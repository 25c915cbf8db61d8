#include <net/if.h>
#include <net/if_arp.h>
#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pkg/sandbox/network/endpoint.h"
#include "pkg/sandbox/network/network_json.h"

namespace kata::sandbox {
namespace {

using netlink::Link;
using testing::IsEmpty;
using testing::SizeIs;

class NetworkChangeTest : public testing::Test {
  protected:
    void add(int index, const std::string& name) {
        scan_.links.push_back({.index = index,
                               .name = name,
                               .kind = "veth",
                               .mac = "02:42:ac:11:00:0" + std::to_string(index),
                               .mtu = 1500,
                               .flags = IFF_UP,
                               .hardware_type = ARPHRD_ETHER});
        scan_.addresses.push_back({.link = index,
                                   .family = AF_INET,
                                   .address = "10.0.0." + std::to_string(index) + "/24",
                                   .scope = 0,
                                   .flags = 0});
    }
    void serve_all() {
        for (const ServedInterface& served : guest_view(scan_).interfaces) {
            record_.endpoints.push_back(make_endpoint(
                served, InternetworkingModel::tcfilter, "tap" + std::to_string(record_.next_tap)));
            ++record_.next_tap;
        }
    }
    NetworkChange change() const { return compare(record_, scan_, guest_view(scan_)); }

    NetworkScan scan_;
    NetworkRecord record_;
};

TEST_F(NetworkChangeTest, IsEmptyForANamespaceThatIsAsTheVmWasTold) {
    add(2, "eth0");
    serve_all();
    EXPECT_TRUE(change().empty());
}

TEST_F(NetworkChangeTest, TellsWhatHasAppearedAndWhatHasVanished) {
    add(2, "eth0");
    serve_all();
    scan_ = {};
    add(3, "eth1");
    ASSERT_THAT(change().appeared, SizeIs(1));
    EXPECT_EQ(change().appeared[0].link.name, "eth1");
    ASSERT_THAT(change().vanished, SizeIs(1));
    EXPECT_EQ(change().vanished[0].interface, "eth0");
}

TEST_F(NetworkChangeTest, TellsNewAddressesOfAnInterfaceThatIsServed) {
    add(2, "eth0");
    serve_all();
    scan_.addresses[0].address = "10.0.0.9/24";
    ASSERT_THAT(change().changed, SizeIs(1));
    EXPECT_EQ(change().changed[0].guest.addresses.front(), "10.0.0.9/24");
    EXPECT_THAT(change().appeared, IsEmpty());
}

TEST_F(NetworkChangeTest, KeepsAnInterfaceThatHasLostItsAddresses) {
    add(2, "eth0");
    serve_all();
    scan_.addresses.clear();
    EXPECT_TRUE(change().empty());
}

TEST_F(NetworkChangeTest, ReplacesAnInterfaceWhoseMacAddressIsAnother) {
    add(2, "eth0");
    serve_all();
    scan_.links[0].mac = "02:42:ac:11:00:99";
    EXPECT_THAT(change().appeared, SizeIs(1));
    EXPECT_THAT(change().vanished, SizeIs(1));
}

TEST_F(NetworkChangeTest, ReplacesAnInterfaceThatWasMadeAnewUnderItsName) {
    add(2, "eth0");
    serve_all();
    scan_ = {};
    add(5, "eth0");
    EXPECT_THAT(change().appeared, SizeIs(1));
    EXPECT_THAT(change().vanished, SizeIs(1));
}

TEST_F(NetworkChangeTest, LeavesAloneWhatWasDoneByHand) {
    add(2, "eth0");
    add(3, "eth1");
    serve_all();
    record_.endpoints[0].by_hand = true;
    scan_.addresses[0].address = "10.0.0.9/24";
    record_.endpoints.pop_back();
    record_.left_out = {3};
    record_.routes_by_hand = true;
    record_.routes = {GuestRoute{}};
    EXPECT_TRUE(change().empty());
}

TEST_F(NetworkChangeTest, TellsNewRoutes) {
    add(2, "eth0");
    serve_all();
    record_.routes = {GuestRoute{}};
    EXPECT_TRUE(change().routes);
}

TEST_F(NetworkChangeTest, IsComparedWithARecordThatCameThroughJsonUnchanged) {
    add(2, "eth0");
    serve_all();
    record_.endpoints[0].model = InternetworkingModel::macvtap;
    record_.endpoints[0].by_hand = true;
    record_.left_out = {4};
    record_.routes_by_hand = true;
    record_.routes = {{"10.8.0.0/16", "10.0.0.1", "eth0", "10.0.0.2", 253, 4, 50, true}};
    EXPECT_EQ(network_record_of(to_json(record_)), record_);
    EXPECT_EQ(network_record_of(nlohmann::json::object()), NetworkRecord{});
}

}  // namespace
}  // namespace kata::sandbox
