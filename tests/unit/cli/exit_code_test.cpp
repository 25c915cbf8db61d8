#include "cli/exit_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::cli {
namespace {

using testing::HasSubstr;

std::string standard_error_of(const std::exception& failure, CommandLog* log) {
    testing::internal::CaptureStderr();
    report_failure(failure, log);
    return testing::internal::GetCapturedStderr();
}

TEST(FailureStatus, IsOneAndForExec255) {
    EXPECT_EQ(failure_status(CreateOptions{}), 1);
    EXPECT_EQ(failure_status(RunOptions{}), 1);
    EXPECT_EQ(failure_status(ExecOptions{}), 255);
    EXPECT_EQ(failure_status(Misuse{}), 1);
}

TEST(ReportFailure, WritesTheMessageAsALine) {
    const base::Error error(base::ErrorCode::not_found, "container does not exist");
    EXPECT_EQ(standard_error_of(error, nullptr), "container does not exist\n");
}

TEST(ReportFailure, ShowsNoEscapesAndOneLine) {
    const base::Error error(base::ErrorCode::internal, "a\nb\x1b[2J");
    EXPECT_EQ(standard_error_of(error, nullptr), "a b?[2J\n");
}

TEST(ReportFailure, CallsAForeignExceptionAnInternalError) {
    EXPECT_THAT(standard_error_of(std::runtime_error("vector::at"), nullptr),
                testing::StartsWith("internal error: vector::at"));
}

TEST(ReportFailure, WritesToTheLogAndToStandardError) {
    const test::TemporaryDirectory directory;
    GlobalOptions global;
    global.log = directory.path() / "log";
    global.log_as_json = true;
    CommandLog log(global);
    EXPECT_EQ(standard_error_of(base::Error(base::ErrorCode::internal, "boom"), &log), "boom\n");
    EXPECT_EQ(nlohmann::json::parse(base::read_file(global.log))["msg"], "boom");
}

}  // namespace
}  // namespace kata::cli
