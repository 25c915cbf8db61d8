#include "pkg/libvirt-driver/pin_vcpus.h"

#include <array>

#include <gtest/gtest.h>

#include "pkg/libvirt-driver/libvirt_error.h"
#include "tests/unit/libvirt-driver/test_domain.h"
#include "tests/unit/support/expect_error.h"

namespace kata::libvirt_driver {
namespace {

class PinVcpus : public testing::Test {
  protected:
    void SetUp() override {
        silence_libvirt();
        connection_.reset(virConnectOpen(kTestUri));
        ASSERT_NE(connection_, nullptr);
    }

    ConnectionHandle connection_;
};

// The preset domain of the test driver has two vCPUs, its host 16 CPUs.
TEST_F(PinVcpus, ToTheCpusOfEachOnesList) {
    pin_domain_vcpus(connection_.get(), kPresetUuid, {{1}, {0, 9}});

    const DomainHandle domain(virDomainLookupByUUIDString(connection_.get(), kPresetUuid));
    constexpr int kMapBytes = 2;
    std::array<unsigned char, std::size_t{2} * kMapBytes> maps{};
    ASSERT_EQ(virDomainGetVcpuPinInfo(domain.get(), 2, maps.data(), kMapBytes, 0), 2);
    EXPECT_EQ(maps, (std::array<unsigned char, 4>{0x02, 0x00, 0x01, 0x02}));
}

TEST_F(PinVcpus, OfADomainThatDoesNotExistIsAnError) {
    EXPECT_EQ(test::failure_of([&] {
                  pin_domain_vcpus(connection_.get(), kUnknownUuid, {{0}});
                  return 0;
              }).code(),
              base::ErrorCode::not_found);
}

TEST_F(PinVcpus, OfAVcpuThatDoesNotExistIsAnError) {
    EXPECT_NE(test::failure_of([&] {
                  pin_domain_vcpus(connection_.get(), kPresetUuid, {{0}, {0}, {0}});
                  return 0;
              }).code(),
              base::ErrorCode::not_found);
}

}  // namespace
}  // namespace kata::libvirt_driver
