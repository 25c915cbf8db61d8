// What the tests of this folder share: a directory for one test, and a look at the error that was
// thrown.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/deadline.h"
#include "pkg/base/error.h"

namespace kata::base {

class DirectoryTest : public testing::Test {
  protected:
    DirectoryTest() {
        std::string name = "/tmp/kata-unit-base.XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::system_error(errno, std::generic_category(), "mkdtemp");
        }
        dir_ = name;
    }
    ~DirectoryTest() override {
        std::error_code ignored;
        std::filesystem::remove_all(dir_, ignored);
    }

    void write(const std::filesystem::path& path, std::string_view content) const {
        std::ofstream(path) << content;
    }

    [[nodiscard]] static std::string content(const std::filesystem::path& path) {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }

    std::filesystem::path dir_;
};

template <typename Callable>
std::optional<Error> error_of(Callable callable) {
    try {
        callable();
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

template <typename Callable>
void expect_error(Callable callable, ErrorCode code, const std::string& words) {
    const auto error = error_of(callable);
    ASSERT_TRUE(error.has_value()) << "nothing was thrown; expected: " << words;
    EXPECT_EQ(to_string(error->code()), to_string(code)) << error->what();
    EXPECT_THAT(error->what(), testing::HasSubstr(words));
}

inline Deadline soon_enough() {
    return Deadline::after(std::chrono::seconds(60));
}

}  // namespace kata::base
