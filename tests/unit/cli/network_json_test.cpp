#include "cli/network_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/support/expect_error.h"

namespace kata::cli {
namespace {

using base::ErrorCode;
using sandbox::GuestInterface;
using sandbox::GuestRoute;
using test::failure_of;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(NetworkJson, OfAnInterfaceHasKatasMemberNames) {
    const GuestInterface interface {
        "eth1", "02:42:ac:11:00:02", 1400, {"10.0.0.2/24", "fd00::2/64"}, true
    };
    EXPECT_EQ(
        interface_json(interface),
        R"({"Device":"eth1","Name":"eth1","IPAddresses":[)"
        R"({"Family":2,"Address":"10.0.0.2","Mask":"24"},)"
        R"({"Family":10,"Address":"fd00::2","Mask":"64"}],)"
        R"("Mtu":1400,"RawFlags":128,"HwAddr":"02:42:ac:11:00:02","PciPath":"","LinkType":""})"
        "\n");
}

TEST(NetworkJson, OfAnInterfaceIsReadWithNamesInAnyCase) {
    const InterfaceRequest request = parse_interface(
        R"({"device":"veth1","NAME":"eth1","IPAddresses":[{"Address":"10.0.0.2","Mask":"24"},)"
        R"({"Address":"fd00::2"}],"mtu":1400,"hwaddr":"02:42:AC:11:00:02","RawFlags":128,"x":[]})");
    EXPECT_EQ(request.device, "veth1");
    const GuestInterface expected{
        "eth1", "02:42:ac:11:00:02", 1400, {"10.0.0.2/24", "fd00::2"}, true};
    EXPECT_EQ(request.interface, expected);
}

TEST(NetworkJson, OfAnInterfaceNeedsOneOfItsTwoNames) {
    EXPECT_EQ(parse_interface(R"({"Name":"eth1"})").device, "eth1");
    EXPECT_EQ(parse_interface(R"({"Device":"eth1"})").interface.name, "eth1");
    EXPECT_THAT(failure_of([] { static_cast<void>(parse_interface("{}")); }).what(),
                HasSubstr("neither"));
}

TEST(NetworkJson, OfRoutesIsReadAndWritten) {
    const auto routes =
        parse_routes(R"([{"Dest":"default","Gateway":"10.0.0.1","Device":"eth0"},)"
                     R"({"Dest":"10.8.0.0/16","Source":"10.0.0.2","Scope":253,"Device":"eth0"},)"
                     R"({"Dest":"","Gateway":"fe80::1","Device":"eth0"}])");
    const GuestRoute first{"", "10.0.0.1", "eth0", "", 0, 4, 0, false};
    const GuestRoute second{"10.8.0.0/16", "", "eth0", "10.0.0.2", 253, 4, 0, false};
    const GuestRoute third{"", "fe80::1", "eth0", "", 0, 6, 0, false};
    EXPECT_THAT(routes, ElementsAre(first, second, third));
    EXPECT_EQ(
        routes_json({second}),
        R"([{"Dest":"10.8.0.0/16","Gateway":"","Device":"eth0","Source":"10.0.0.2","Scope":253}])"
        "\n");
    EXPECT_EQ(routes_json({}), "[]\n");
}

TEST(NetworkJson, ThatIsNoneOrHasWrongTypesIsRefused) {
    for (const char* text : {"",
                             "{",
                             "[]",
                             R"({"Name":7})",
                             R"({"Name":"a","Mtu":-1})",
                             R"({"Name":"a","Mtu":4294967296})",
                             R"({"Name":"a","IPAddresses":{}})",
                             R"({"Name":"a","IPAddresses":[{}]})",
                             R"({"Name":"a","IPAddresses":[7]})"}) {
        EXPECT_EQ(failure_of([&] { static_cast<void>(parse_interface(text)); }).code(),
                  ErrorCode::invalid_argument)
            << text;
    }
    for (const char* text : {"{}", "[7]", R"([{"Scope":"x"}])"}) {
        EXPECT_EQ(failure_of([&] { static_cast<void>(parse_routes(text)); }).code(),
                  ErrorCode::invalid_argument)
            << text;
    }
}

TEST(NetworkJson, OfBytesThatAreNoTextIsStillOneLineOfAscii) {
    GuestInterface interface;
    interface.name = "a\n\x1b\xff";
    const std::string line = interface_json(interface);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace kata::cli
