#include <fcntl.h>

#include <gtest/gtest.h>

#include "pkg/agent/shim/oom_notice.h"
#include "pkg/base/file.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::agent {
namespace {

using test::content_of;
using test::TemporaryDirectory;

bool tell(const TemporaryDirectory& group) {
    const auto directory = base::open_file(group.path(), O_PATH | O_DIRECTORY);
    const auto proc = base::open_file("/proc", O_PATH | O_DIRECTORY);
    return tell_out_of_memory(directory.ref(), proc.ref());
}

// Plain files stand for the kernel's, so that nothing is refused: everything must be put back.
TEST(OomNotice, PutsTheLimitOfV2BackWhenNobodyIsKilled) {
    const TemporaryDirectory group;
    group.write("memory.max", "987654321");
    group.write("memory.current", "1234567\n");
    group.write("memory.oom.group", "0\n");
    EXPECT_FALSE(tell(group));
    EXPECT_EQ(content_of(group / "memory.max"), "987654321");
}

TEST(OomNotice, PutsTheLimitOfV1BackWhenNothingIsRefused) {
    const TemporaryDirectory group;
    group.write("memory.limit_in_bytes", "987654321");
    group.write("memory.usage_in_bytes", "1234567\n");
    group.write("memory.oom_control", "0");
    EXPECT_FALSE(tell(group));
    EXPECT_EQ(content_of(group / "memory.limit_in_bytes"), "987654321");
    EXPECT_EQ(content_of(group / "memory.oom_control").front(), '0');
}

TEST(OomNotice, TouchesNoGroupThatIsKilledAsOne) {
    const TemporaryDirectory group;
    group.write("memory.max", "max");
    group.write("memory.current", "1\n");
    group.write("memory.oom.group", "1\n");
    EXPECT_FALSE(tell(group));
    EXPECT_EQ(content_of(group / "memory.max"), "max");
}

TEST(OomNotice, DoesNothingWhereNoMemoryIsAccounted) {
    const TemporaryDirectory group;
    EXPECT_FALSE(tell(group));
    EXPECT_TRUE(std::filesystem::is_empty(group.path()));
}

}  // namespace
}  // namespace kata::agent
