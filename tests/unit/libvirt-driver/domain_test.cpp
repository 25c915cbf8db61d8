#include "pkg/libvirt-driver/domain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/libvirt-driver/libvirt_error.h"
#include "tests/unit/libvirt-driver/test_domain.h"
#include "tests/unit/support/expect_error.h"

namespace kata::libvirt_driver {
namespace {

using base::Deadline;
using base::ErrorCode;
using sandbox::VmState;
using test::failure_of;
using testing::HasSubstr;

constexpr const char* kUuid = "7b0c5a53-1d3e-4c55-8f6a-0d7a4f1f2b11";
constexpr const char* kOtherUuid = "7b0c5a53-1d3e-4c55-8f6a-0d7a4f1f2b22";

class Domain : public testing::Test {
  protected:
    void SetUp() override {
        silence_libvirt();
        connection_.reset(virConnectOpen(kTestUri));
        ASSERT_NE(connection_, nullptr);
    }

    DomainHandle create(const char* name, const char* uuid) {
        const auto config = test_config(name, uuid);
        return create_domain(connection_.get(), config, test_xml(config), 0);
    }

    VmState state(const char* uuid) { return domain_state(connection_.get(), uuid); }

    void destroy(const char* uuid) {
        destroy_domain(connection_.get(), uuid, Deadline::after(std::chrono::minutes(1)));
    }

    ConnectionHandle connection_;
};

TEST_F(Domain, RunsAfterItsCreationAndIsTransient) {
    const DomainHandle domain = create("kata-a", kUuid);

    EXPECT_EQ(state(kUuid), VmState::running);
    EXPECT_EQ(virDomainIsPersistent(domain.get()), 0);
    EXPECT_THAT(live_xml(domain.get()), HasSubstr(kUuid));
}

TEST_F(Domain, WithATakenNameAlreadyExists) {
    const DomainHandle first = create("kata-a", kUuid);

    const auto error = failure_of([&] { return create("kata-a", kOtherUuid); });

    EXPECT_EQ(error.code(), ErrorCode::already_exists);
    EXPECT_THAT(error.what(), HasSubstr("cannot start VM \"kata-a\": "));
    EXPECT_EQ(state(kUuid), VmState::running) << "the first one was touched";
}

TEST_F(Domain, WithATakenUuidAlreadyExists) {
    const DomainHandle first = create("kata-a", kUuid);

    EXPECT_EQ(failure_of([&] { return create("kata-b", kUuid); }).code(),
              ErrorCode::already_exists);
}

TEST_F(Domain, FromBrokenXmlIsAnInvalidArgument) {
    const auto config = test_config("kata-a", kUuid);

    const auto error = failure_of(
        [&] { return create_domain(connection_.get(), config, "<domain type='test'>", 0); });

    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << "more than one line";
}

TEST_F(Domain, IsPausedAndResumed) {
    const DomainHandle domain = create("kata-a", kUuid);
    ASSERT_EQ(virDomainSuspend(domain.get()), 0);
    EXPECT_EQ(state(kUuid), VmState::paused);

    resume_domain(connection_.get(), kUuid);

    EXPECT_EQ(state(kUuid), VmState::running);
}

TEST_F(Domain, ThatDoesNotExistCannotBeResumed) {
    const auto error = failure_of([&] {
        resume_domain(connection_.get(), kUnknownUuid);
        return 0;
    });

    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_THAT(error.what(), HasSubstr(kUnknownUuid));
}

TEST_F(Domain, IsGoneAfterDestroy) {
    const DomainHandle domain = create("kata-a", kUuid);

    destroy(kUuid);

    EXPECT_EQ(state(kUuid), VmState::stopped);
    EXPECT_EQ(virDomainLookupByName(connection_.get(), "kata-a"), nullptr);
}

TEST_F(Domain, ThatDoesNotExistIsDestroyedWithoutError) {
    EXPECT_NO_THROW(destroy(kUnknownUuid));
    EXPECT_EQ(state(kUnknownUuid), VmState::stopped);
}

TEST_F(Domain, MadePersistentByAnAdministratorIsForgottenByDestroy) {
    const DomainHandle preset(virDomainLookupByUUIDString(connection_.get(), kPresetUuid));
    ASSERT_NE(preset, nullptr);
    ASSERT_EQ(virDomainIsPersistent(preset.get()), 1);

    destroy(kPresetUuid);

    EXPECT_EQ(virDomainLookupByUUIDString(connection_.get(), kPresetUuid), nullptr);
}

TEST_F(Domain, ThatWillNotEndIsAnErrorAtTheDeadline) {
    const DomainHandle domain = create("kata-a", kUuid);

    // A deadline that has passed allows one attempt and no look whether it worked.
    const auto error = failure_of([&] {
        destroy_domain(connection_.get(), kUuid, Deadline::after(std::chrono::milliseconds(0)));
        return 0;
    });

    EXPECT_EQ(error.code(), ErrorCode::timeout);
}

TEST(VmStateOf, MapsEveryStateOfLibvirt) {
    EXPECT_EQ(vm_state_of(VIR_DOMAIN_NOSTATE), VmState::stopped);
    EXPECT_EQ(vm_state_of(VIR_DOMAIN_RUNNING), VmState::running);
    EXPECT_EQ(vm_state_of(VIR_DOMAIN_BLOCKED), VmState::running);
    EXPECT_EQ(vm_state_of(VIR_DOMAIN_PAUSED), VmState::paused);
    EXPECT_EQ(vm_state_of(VIR_DOMAIN_SHUTDOWN), VmState::running);
    EXPECT_EQ(vm_state_of(VIR_DOMAIN_SHUTOFF), VmState::stopped);
    EXPECT_EQ(vm_state_of(VIR_DOMAIN_CRASHED), VmState::stopped);
    EXPECT_EQ(vm_state_of(VIR_DOMAIN_PMSUSPENDED), VmState::paused);
}

}  // namespace
}  // namespace kata::libvirt_driver
