#include "pkg/libvirt-driver/libvirt_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "pkg/libvirt-driver/handles.h"
#include "tests/unit/libvirt-driver/test_domain.h"

namespace kata::libvirt_driver {
namespace {

using base::ErrorCode;
using testing::StartsWith;

TEST(CodeOf, SaysWhatACallerMayDecideUpon) {
    EXPECT_EQ(code_of(VIR_ERR_NO_DOMAIN), ErrorCode::not_found);
    EXPECT_EQ(code_of(VIR_ERR_DOM_EXIST), ErrorCode::already_exists);
    EXPECT_EQ(code_of(VIR_ERR_OPERATION_INVALID), ErrorCode::invalid_state);
    EXPECT_EQ(code_of(VIR_ERR_OPERATION_TIMEOUT), ErrorCode::timeout);
    EXPECT_EQ(code_of(VIR_ERR_XML_ERROR), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of(VIR_ERR_CONFIG_UNSUPPORTED), ErrorCode::unsupported);
    EXPECT_EQ(code_of(VIR_ERR_AUTH_FAILED), ErrorCode::permission_denied);
    EXPECT_EQ(code_of(VIR_ERR_NO_CONNECT), ErrorCode::unavailable);
    EXPECT_EQ(code_of(VIR_ERR_INTERNAL_ERROR), ErrorCode::unavailable);
}

TEST(CodeOf, IsInternalForANumberNobodyKnows) {
    EXPECT_EQ(code_of(1000000), ErrorCode::internal);
    EXPECT_EQ(code_of(VIR_ERR_OK), ErrorCode::internal);
}

TEST(LastError, JoinsTheOperationAndTheWordsOfLibvirt) {
    silence_libvirt();
    const ConnectionHandle connection(virConnectOpen(kTestUri));
    ASSERT_NE(connection, nullptr);
    const DomainHandle none(virDomainLookupByUUIDString(connection.get(), kUnknownUuid));
    ASSERT_EQ(none, nullptr);

    const auto error = last_error("cannot find it");

    EXPECT_EQ(last_error_number(), VIR_ERR_NO_DOMAIN);
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_THAT(error.what(), StartsWith("cannot find it: Domain not found"));
}

TEST(LastError, WithoutAFailedCallStillSaysWhatWasTried) {
    virResetLastError();
    EXPECT_STREQ(last_error("cannot do it").what(), "cannot do it: unknown cause");
}

TEST(UnreachableError, EscapesWhatItWasGiven) {
    const auto error = unreachable_error("qemu:///\x1b[2J", "line one\nline two");

    EXPECT_EQ(error.code(), ErrorCode::unavailable);
    EXPECT_STREQ(
        error.what(),
        "cannot connect to libvirt at \"qemu:///?[2J\": line one line two; start the daemon "
        "(systemctl start libvirtd) or set LIBVIRT_DEFAULT_URI");
}

}  // namespace
}  // namespace kata::libvirt_driver
