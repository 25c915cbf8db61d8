#include "pkg/sandbox/shim_launcher.h"

#include <sched.h>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/unit/support/expect_error.h"

namespace kata::sandbox {
namespace {

using test::error_of;
using test::expect_error;
using test::failure_of;

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

TEST(ShimNamespaces, OfAnExecAreThePidNamespaceOfTheContainersShimAlone) {
    const auto namespaces = exec_shim_namespaces(4711);
    const std::vector<ShimNamespaces::Join> expected{{"/proc/4711/ns/pid", CLONE_NEWPID}};
    EXPECT_EQ(namespaces.join, expected);
    EXPECT_EQ(namespaces.create, 0);
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
    expect_error([&] { return ShimProcess::launch(launch); },
                 base::ErrorCode::not_found,
                 "/no/such/namespace");
}

TEST(LaunchShim, NamesAProgramThatCannotBeRun) {
    ShimLaunch launch;
    launch.program = "/etc/passwd";
    const auto error = failure_of([&] { return ShimProcess::launch(launch); });
    EXPECT_THAT(error.what(), testing::HasSubstr("/etc/passwd"));
}

TEST(LaunchShim, NoticesAShimThatEndsAtOnce) {
    ShimLaunch launch;
    launch.program = "/bin/true";
    EXPECT_TRUE(error_of([&] {
        ShimProcess shim = ShimProcess::launch(launch);
        shim.request(ShimPivotRequest{}, base::Deadline::after(std::chrono::seconds(20)));
    }));
}

}  // namespace
}  // namespace kata::sandbox
