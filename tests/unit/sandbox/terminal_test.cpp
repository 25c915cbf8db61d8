#include "pkg/sandbox/terminal.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

TEST(Console, CombinationsThatCanWork) {
    EXPECT_NO_THROW(require_usable_console(true, true, "/s"));
    EXPECT_NO_THROW(require_usable_console(true, false, ""));
    EXPECT_NO_THROW(require_usable_console(false, true, ""));
    EXPECT_NO_THROW(require_usable_console(false, false, ""));
}

TEST(Console, DetachedTerminalNeedsASocket) {
    EXPECT_THROW(require_usable_console(true, true, ""), base::Error);
}

TEST(Console, SocketNeedsADetachedTerminal) {
    EXPECT_THROW(require_usable_console(false, true, "/s"), base::Error);
    EXPECT_THROW(require_usable_console(true, false, "/s"), base::Error);
    EXPECT_THROW(require_usable_console(false, false, "/s"), base::Error);
}

}  // namespace
}  // namespace kata::sandbox
