#include "pkg/sandbox/shim_launcher.h"

#include <sched.h>

#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

oci::Spec spec_with(const std::vector<oci::Namespace>& namespaces) {
    oci::Spec spec;
    spec.linux_.emplace();
    spec.linux_->namespaces = namespaces;
    return spec;
}

TEST(ShimNamespaces, AreMadeForThoseWithoutAPath) {
    const auto namespaces = shim_namespaces(
        spec_with({{"pid", ""}, {"network", ""}, {"ipc", ""}, {"uts", ""}, {"mount", ""}}));
    EXPECT_EQ(namespaces.create,
              CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);
    EXPECT_TRUE(namespaces.join.empty());
}

TEST(ShimNamespaces, AreJoinedInOrderWithPidLast) {
    const auto namespaces = shim_namespaces(
        spec_with({{"pid", "/proc/9/ns/pid"}, {"network", "/run/netns/n"}, {"mount", "/x"}}));
    const std::vector<ShimNamespaces::Join> expected{{"/run/netns/n", CLONE_NEWNET},
                                                     {"/proc/9/ns/pid", CLONE_NEWPID}};
    EXPECT_EQ(namespaces.join, expected);
    EXPECT_EQ(namespaces.create, CLONE_NEWNS);
}

TEST(ShimNamespaces, LeaveUserCgroupAndTimeToTheGuest) {
    const auto namespaces =
        shim_namespaces(spec_with({{"user", ""}, {"cgroup", ""}, {"time", ""}}));
    EXPECT_EQ(namespaces.create, CLONE_NEWNS);
}

TEST(LaunchShim, NamesANamespaceThatCannotBeOpened) {
    ShimLaunch launch;
    launch.program = "/bin/true";
    launch.namespaces.join = {{"/no/such/namespace", CLONE_NEWNET}};
    try {
        static_cast<void>(ShimProcess::launch(launch));
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.code(), base::ErrorCode::not_found);
        EXPECT_NE(std::string(error.what()).find("/no/such/namespace"), std::string::npos);
    }
}

TEST(LaunchShim, NamesAProgramThatCannotBeRun) {
    ShimLaunch launch;
    launch.program = "/etc/passwd";
    try {
        static_cast<void>(ShimProcess::launch(launch));
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_NE(std::string(error.what()).find("/etc/passwd"), std::string::npos);
    }
}

TEST(LaunchShim, NoticesAShimThatEndsAtOnce) {
    ShimLaunch launch;
    launch.program = "/bin/true";
    try {
        ShimProcess shim = ShimProcess::launch(launch);
        shim.request(ShimPivotRequest{}, base::Deadline::after(std::chrono::seconds(20)));
        FAIL();
    } catch (const base::Error& error) {
        SUCCEED() << error.what();
    }
}

}  // namespace
}  // namespace kata::sandbox
