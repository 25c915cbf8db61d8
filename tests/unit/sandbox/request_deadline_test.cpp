#include "pkg/sandbox/request_deadline.h"

#include <gtest/gtest.h>

namespace kata::sandbox {
namespace {

using std::chrono::seconds;

TEST(MayHaveKvm, NeedsTheDeviceAndAFlagOfTheCpu) {
    EXPECT_TRUE(may_have_kvm("flags\t\t: fpu vmx sse\n", true));
    EXPECT_TRUE(may_have_kvm("flags\t\t: fpu svm sse\n", true));
    EXPECT_FALSE(may_have_kvm("flags\t\t: fpu vmx sse\n", false));
    EXPECT_FALSE(may_have_kvm("flags\t\t: fpu svm_lock sse\n", true));
}

TEST(RequestDeadline, IsTheConfiguredOneWithKvmAndFourTimesThatUnderEmulation) {
    RuntimeConfig config;
    config.request_timeout = seconds(100);
    config.accelerator = Accelerator::kvm;
    EXPECT_LE(request_deadline(config).remaining(), seconds(100));
    config.accelerator = Accelerator::tcg;
    EXPECT_GT(request_deadline(config).remaining(), seconds(300));
}

}  // namespace
}  // namespace kata::sandbox
