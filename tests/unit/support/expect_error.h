// Looking at the base::Error of a callable that fails: its code first, then words of its message.
#pragma once

#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace kata::test {

/// The Error that `callable` throws; nullopt if it does not.
template <typename Callable>
std::optional<base::Error> error_of(Callable callable) {
    try {
        static_cast<void>(callable());
    } catch (const base::Error& error) {
        return error;
    }
    return std::nullopt;
}

/// The Error of a callable that must fail; a test failure and an Error that matches nothing if it
/// does not.
template <typename Callable>
base::Error failure_of(Callable callable) {
    if (auto error = error_of(callable)) {
        return *error;
    }
    ADD_FAILURE() << "no Error was thrown";
    return {base::ErrorCode::internal, "no Error was thrown"};
}

/// Every message is one line.
template <typename Callable>
void expect_error(Callable callable, base::ErrorCode code, const std::string& words) {
    const auto error = error_of(callable);
    ASSERT_TRUE(error.has_value()) << "nothing was thrown; expected: " << words;
    EXPECT_EQ(base::to_string(error->code()), base::to_string(code)) << error->what();
    EXPECT_THAT(error->what(), testing::HasSubstr(words));
    EXPECT_THAT(error->what(), testing::Not(testing::HasSubstr("\n")));
}

}  // namespace kata::test
