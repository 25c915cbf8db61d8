#include "pkg/oci/container_id.h"

#include "tests/unit/support/expect_error.h"

namespace kata::oci {
namespace {

using test::error_of;
using test::expect_error;

TEST(ContainerId, KeepsAValidName) {
    for (const std::string& text :
         std::vector<std::string>{"a", "A_1+b.c-d", "...", "-x", std::string(255, 'x')}) {
        EXPECT_EQ(ContainerId(text).str(), text);
    }
}

TEST(ContainerId, RefusesWhatCouldLeaveItsDirectoryOrItsQuotes) {
    for (const std::string& text : std::vector<std::string>{"",
                                                            ".",
                                                            "..",
                                                            "../x",
                                                            "a/b",
                                                            "a b",
                                                            "a\nb",
                                                            "%n",
                                                            "<&\"",
                                                            "\xc3\xa4",
                                                            "a:b",
                                                            "a,b",
                                                            "~",
                                                            "a\x7f",
                                                            "*"}) {
        expect_error([&] { ContainerId id(text); },
                     base::ErrorCode::invalid_argument,
                     "invalid container ID format");
    }
    expect_error([] { ContainerId id(std::string_view("a\0b", 3)); },
                 base::ErrorCode::invalid_argument,
                 "invalid container ID format: \"a?b\"");
}

TEST(ContainerId, RefusesANameLongerThanAPathComponentInAShortMessage) {
    const auto error = error_of([] { ContainerId id(std::string(1025, 'x')); });
    ASSERT_TRUE(error);
    EXPECT_LT(std::string(error->what()).size(), 250U);
    EXPECT_TRUE(error_of([] { ContainerId id(std::string(256, 'x')); }));
}

TEST(ContainerId, ComparesByText) {
    EXPECT_EQ(ContainerId("a"), ContainerId("a"));
    EXPECT_LT(ContainerId("a"), ContainerId("b"));
}

}  // namespace
}  // namespace kata::oci
