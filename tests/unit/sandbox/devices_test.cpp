#include "pkg/sandbox/devices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kata::sandbox {
namespace {

using nlohmann::json;

oci::Spec spec_with(std::vector<oci::Device> devices, bool everything_allowed) {
    oci::Spec spec;
    spec.linux_.emplace();
    spec.linux_->devices = std::move(devices);
    oci::DeviceRule rule;
    rule.allow = everything_allowed;
    rule.access = "rwm";
    spec.linux_->resources.devices = {rule};
    return spec;
}

oci::Device device(const std::string& path, const std::string& type, int major, int minor) {
    oci::Device made;
    made.path = path;
    made.type = type;
    made.major = major;
    made.minor = minor;
    return made;
}

TEST(Devices, ThatEveryKernelHasExistInTheGuest) {
    EXPECT_TRUE(exists_in_guest("c", 1, 3));     // null
    EXPECT_TRUE(exists_in_guest("u", 5, 0));     // tty
    EXPECT_TRUE(exists_in_guest("c", 10, 200));  // net/tun
    EXPECT_TRUE(exists_in_guest("c", 136, 7));   // pts/7
    EXPECT_TRUE(exists_in_guest("p", 0, 0));
    EXPECT_FALSE(exists_in_guest("c", 10, 232));  // kvm
    EXPECT_FALSE(exists_in_guest("b", 8, 0));     // sda
    EXPECT_FALSE(exists_in_guest("b", 1, 3));     // ram3 is not null
    EXPECT_FALSE(exists_in_guest("c", 4, 1));     // tty1
}

TEST(Devices, RulesForTheHostsHardwareAreDroppedAndWildcardsAndDenialsStay) {
    json linux_section = json::parse(R"({"resources":{"devices":[
        {"allow":false,"access":"rwm"},
        {"allow":true,"type":"c","access":"m"},
        {"allow":true,"type":"c","major":-1,"minor":-1,"access":"m"},
        {"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"},
        {"allow":true,"type":"c","major":136,"access":"rwm"},
        {"allow":false,"type":"b","major":8,"minor":0,"access":"w"},
        {"allow":true,"type":"b","major":8,"minor":0,"access":"rwm"},
        {"allow":true,"type":"b","major":8,"access":"rwm"},
        {"allow":true,"type":"c","major":189,"access":"rwm"},
        {"allow":true,"type":"c","major":10,"minor":232,"access":"rwm"}]}})");
    const json before = linux_section;
    keep_guest_devices(linux_section);
    const json& kept = linux_section["resources"]["devices"];
    ASSERT_EQ(kept.size(), 6U);
    for (std::size_t i = 0; i < kept.size(); ++i) {
        EXPECT_EQ(kept[i], before["resources"]["devices"][i]);
    }
}

TEST(Devices, ThatWereAskedForAloneAreNamed) {
    const auto warnings = warnings_of_devices(
        spec_with({device("/dev/fuse", "c", 10, 229), device("/dev/sda", "b", 8, 0)}, false));
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_THAT(warnings[0], testing::HasSubstr("\"/dev/sda\""));
}

TEST(Devices, OfAPrivilegedContainerAreCounted) {
    std::vector<oci::Device> many;
    for (int minor = 0; minor < 300; ++minor) {
        many.push_back(device("/dev/sd", "b", 8, minor));
    }
    const auto warnings = warnings_of_devices(spec_with(many, true));
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_THAT(warnings[0], testing::HasSubstr("300 devices"));
    EXPECT_TRUE(warnings_of_devices(oci::Spec{}).empty());
}

}  // namespace
}  // namespace kata::sandbox
