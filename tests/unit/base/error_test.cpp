#include "pkg/base/error.h"

#include <cerrno>

#include "tests/unit/base/base_test.h"

namespace kata::base {
namespace {

TEST(Error, JoinsOperationObjectAndCause) {
    const Error error = errno_error("open", "/run/x", EACCES);
    EXPECT_EQ(error.code(), ErrorCode::permission_denied);
    EXPECT_STREQ(error.what(), "cannot open \"/run/x\": permission denied");
    EXPECT_STREQ(error.with_context("create").what(),
                 "create: cannot open \"/run/x\": permission denied");
    EXPECT_EQ(error.with_context("create").code(), ErrorCode::permission_denied);
}

TEST(ErrnoError, TranslatesWhatCallersDecideUpon) {
    EXPECT_EQ(errno_error("x", "", ENOENT).code(), ErrorCode::not_found);
    EXPECT_EQ(errno_error("x", "", EEXIST).code(), ErrorCode::already_exists);
    EXPECT_EQ(errno_error("x", "", ENOTDIR).code(), ErrorCode::invalid_argument);
    EXPECT_EQ(errno_error("x", "", ECONNREFUSED).code(), ErrorCode::unavailable);
    EXPECT_EQ(errno_error("x", "", ENOSPC).code(), ErrorCode::internal);
    EXPECT_STREQ(errno_error("x", "", ENOSPC).what(), "cannot x: no space left on device");
}

TEST(Printable, KeepsOneLineWithoutEscapes) {
    EXPECT_EQ(printable("a\nb\tc\r\n"), "a b c");
    EXPECT_EQ(printable("\x1b[31mred\x7f"), "?[31mred?");
    EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a?b");
}

TEST(Printable, ReplacesTheEightBitEscapesOfATerminal) {
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
              "?31m");
    EXPECT_EQ(printable("\x9b"
                        "31m"),
              "?31m");
}

TEST(Printable, KeepsUtf8AndReplacesWhatIsNone) {
    EXPECT_EQ(printable("äß€😀"), "äß€😀");
    EXPECT_EQ(printable("\xc0\xaf"), "??");            // overlong
    EXPECT_EQ(printable("\xe0\x80\xaf"), "???");       // overlong
    EXPECT_EQ(printable("\xed\xa0\x80"), "???");       // surrogate
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????");  // above U+10FFFF
    EXPECT_EQ(printable("x\xe2\x82"), "x??");          // truncated
}

TEST(Printable, CutsBetweenCharacters) {
    EXPECT_EQ(printable("abcdef", 3), "abc...");
    EXPECT_EQ(printable("abc", 3), "abc");
    EXPECT_EQ(printable("ää", 3), "ä...");
}

}  // namespace
}  // namespace kata::base
