#include "pkg/base/toml_text.h"

#include <gtest/gtest.h>

namespace kata::base {
namespace {

TEST(TomlText, MayHaveAnyCharacterInCommentsAndInStringsOnOneLine) {
    EXPECT_EQ(line_of_foreign_character(""), std::nullopt);
    EXPECT_EQ(line_of_foreign_character("\xEF\xBB\xBF# é\na = \"é \\\" é\" # \" é\nb = 'é \\' # é"),
              std::nullopt);
    EXPECT_EQ(line_of_foreign_character("a = \"\"\"\nb\\\"\"\"\"\nc = \"é\"\nd = '''\n\\'''\n# é"),
              std::nullopt);
    EXPECT_EQ(line_of_foreign_character("a = \"\\\\\"\n# é"), std::nullopt);
}

TEST(TomlText, MayHaveNoneElsewhere) {
    EXPECT_EQ(line_of_foreign_character("\n\xEF\xBB\x9F = 1"), 2U);
    EXPECT_EQ(line_of_foreign_character("a = \"x\" é"), 1U);
    EXPECT_EQ(line_of_foreign_character("# \"\né"), 2U);
    EXPECT_EQ(line_of_foreign_character("a = \"not closed\né"), 2U);
    EXPECT_EQ(line_of_foreign_character("a = \"\"\"\n\\\n  é\"\"\""), 3U);
    EXPECT_EQ(line_of_foreign_character("a = '''\né'''"), 2U);
    EXPECT_EQ(line_of_foreign_character("a = '\\'\né'"), 2U);
}

}  // namespace
}  // namespace kata::base
