#include "pkg/libvirt-driver/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/libvirt-driver/silent_daemon.h"
#include "tests/unit/support/expect_error.h"

namespace kata::libvirt_driver {
namespace {

using base::Deadline;
using base::Error;
using base::ErrorCode;
using test::failure_of;
using testing::HasSubstr;

constexpr const char* kTestUri = "test:///default";

Deadline ample() {
    return Deadline::after(std::chrono::minutes(1));
}

std::string name_of(virConnectPtr connection) {
    return virConnectGetType(connection);
}

TEST(Connection, CallsWithAnOpenConnection) {
    Connection connection(kTestUri);

    EXPECT_EQ(connection.call("ask", ample(), name_of), "TEST");
}

TEST(Connection, IsKeptBetweenCalls) {
    Connection connection(kTestUri);
    const auto identity = [](virConnectPtr handle) { return handle; };

    EXPECT_EQ(connection.call("ask", ample(), identity), connection.call("ask", ample(), identity));
}

TEST(Connection, IsKeptAfterAFailedCall) {
    Connection connection(kTestUri);
    virConnectPtr first =
        connection.call("ask", ample(), [](virConnectPtr handle) { return handle; });

    const auto error = failure_of([&] {
        return connection.call("ask", ample(), [](virConnectPtr) -> int {
            throw Error(ErrorCode::not_found, "no such thing");
        });
    });

    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_EQ(connection.call("ask", ample(), [](virConnectPtr handle) { return handle; }), first);
}

TEST(Connection, IsAbandonedAfterATimeoutAndTheNextCallOpensANewOne) {
    Connection connection(kTestUri);
    std::promise<void> release;
    std::promise<std::string> late;
    auto slow = [released = release.get_future().share(), &late](virConnectPtr handle) {
        released.wait();
        late.set_value(name_of(handle));
    };

    connection.call("ask", ample(), name_of);  // connecting is not what shall take too long

    const auto error = failure_of([&] {
        connection.call("cannot ask", Deadline::after(std::chrono::milliseconds(50)), slow);
        return 0;
    });

    EXPECT_EQ(error.code(), ErrorCode::timeout);
    EXPECT_THAT(error.what(), HasSubstr("cannot ask: libvirt did not answer within"));
    EXPECT_EQ(connection.call("ask", ample(), name_of), "TEST");
    release.set_value();
    EXPECT_EQ(late.get_future().get(), "TEST") << "the abandoned call lost its connection";
}

TEST(Connection, ToADaemonThatIsNotRunningIsUnavailableAndNamesUriAndNextStep) {
    Connection connection("qemu+unix:///system?socket=/nonexistent/libvirt-sock");

    const auto error = failure_of([&] { return connection.call("ask", ample(), name_of); });

    EXPECT_EQ(error.code(), ErrorCode::unavailable);
    EXPECT_THAT(error.what(),
                HasSubstr("\"qemu+unix:///system?socket=/nonexistent/libvirt-sock\""));
    EXPECT_THAT(error.what(), HasSubstr("; start the daemon (systemctl start libvirtd)"));
}

TEST(Connection, WithAnUnknownUriIsUnavailable) {
    Connection connection("nonsense:///\x1b[31m");

    const auto error = failure_of([&] { return connection.call("ask", ample(), name_of); });

    EXPECT_EQ(error.code(), ErrorCode::unavailable);
    EXPECT_EQ(std::string(error.what()).find('\x1b'), std::string::npos);
}

TEST(Connection, ToAHungDaemonTimesOutEveryTime) {
    SilentDaemon daemon;
    Connection connection(daemon.uri());

    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto error = failure_of([&] {
            return connection.call("ask", Deadline::after(std::chrono::milliseconds(100)), name_of);
        });
        EXPECT_EQ(error.code(), ErrorCode::timeout);
        EXPECT_THAT(error.what(), HasSubstr("is libvirtd hung?"));
    }
    daemon.hang_up();
}

TEST(Connection, PrintsNothingByItself) {
    testing::internal::CaptureStderr();
    Connection connection("qemu+unix:///system?socket=/nonexistent/libvirt-sock");
    static_cast<void>(failure_of([&] { return connection.call("ask", ample(), name_of); }));

    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace kata::libvirt_driver
