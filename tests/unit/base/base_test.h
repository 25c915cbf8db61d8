// What the tests of this folder share: a directory for one test, and a deadline that is not meant
// to pass.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/deadline.h"
#include "pkg/base/error.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::base {

using test::content_of;
using test::error_of;
using test::expect_error;

class DirectoryTest : public testing::Test {
  protected:
    void write(const std::filesystem::path& path, std::string_view content) const {
        std::ofstream(path) << content;
    }

    test::TemporaryDirectory directory_;
    const std::filesystem::path dir_ = directory_.path();
};

inline Deadline soon_enough() {
    return Deadline::after(std::chrono::seconds(60));
}

}  // namespace kata::base
