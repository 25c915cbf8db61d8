#include "cli/log_setup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::cli {
namespace {

using testing::HasSubstr;

class LogFile : public testing::Test {
  protected:
    [[nodiscard]] GlobalOptions options(bool debug = false) const {
        GlobalOptions global;
        global.log = path();
        global.log_as_json = true;
        global.debug = debug;
        return global;
    }
    [[nodiscard]] std::filesystem::path path() const { return directory_.path() / "log.json"; }
    [[nodiscard]] std::string content() const { return base::read_file(path()); }

  private:
    test::TemporaryDirectory directory_;
};

TEST_F(LogFile, ExistsEvenIfNothingIsLogged) {
    const CommandLog log(options());
    struct stat status {};
    ASSERT_EQ(::stat(path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777 & ~0644U, 0U);
    EXPECT_EQ(status.st_size, 0);
}

TEST_F(LogFile, IsNeverTruncated) {
    base::write_file_atomically(path(), "before\n");
    CommandLog(options()).error("after");
    EXPECT_TRUE(content().starts_with("before\n{\"level\":\"error\",\"msg\":\"after\""));
}

TEST_F(LogFile, HasRelayedLinesAtOnceWhateverTheLevelOfOurs) {
    CommandLog log(options());
    log.relay({"kernel", "sb", "debug", "hello"});
    const auto record = nlohmann::json::parse(content());
    EXPECT_EQ(record["level"], "debug");
    EXPECT_EQ(record["source"], "kernel");
    EXPECT_EQ(record["sandbox"], "sb");
    EXPECT_EQ(record["msg"], "hello");
}

TEST_F(LogFile, OfAFailedCommandIsOneJsonObject) {
    CommandLog log(options());
    log.debug("d");
    log.warning("w");
    log.error("e");
    log.finish();
    const auto record = nlohmann::json::parse(content());
    EXPECT_EQ(record["level"], "error");
    EXPECT_EQ(record["msg"], "e");
}

TEST_F(LogFile, OfASuccessfulCommandHasItsWarnings) {
    CommandLog log(options());
    log.warning("w");
    EXPECT_EQ(content(), "");
    log.finish();
    EXPECT_THAT(content(), HasSubstr("{\"level\":\"warning\",\"msg\":\"w\""));
}

TEST_F(LogFile, HasEverythingAtOnceWithDebug) {
    CommandLog log(options(true));
    log.debug("d");
    log.warning("w");
    EXPECT_THAT(content(), HasSubstr("{\"level\":\"debug\",\"msg\":\"d\""));
    EXPECT_THAT(content(), HasSubstr("\"w\""));
}

TEST_F(LogFile, HasDebugRecordsWhenTheConfigurationAsksForThem) {
    CommandLog log(options());
    log.debug("early");
    log.enable_debug();
    log.debug("late");
    EXPECT_THAT(content(), testing::Not(HasSubstr("early")));
    EXPECT_THAT(content(), HasSubstr("late"));
}

TEST_F(LogFile, TakesBracesInMessagesAsTheyAre) {
    CommandLog(options()).error("{} {0} %s");
    EXPECT_EQ(nlohmann::json::parse(content())["msg"], "{} {0} %s");
}

TEST_F(LogFile, ThatCannotBeOpenedIsAnErrorWithItsName) {
    GlobalOptions global;
    global.log = path() / "x";
    try {
        const CommandLog log(global);
        FAIL() << "nothing was thrown";
    } catch (const base::Error& error) {
        EXPECT_THAT(error.what(), HasSubstr(global.log.string()));
    }
}

TEST_F(LogFile, IsNotLeftToProgramsThatAreStarted) {
    const CommandLog log(options());
    for (int fd = 3; fd < 64; ++fd) {
        const int flags = ::fcntl(fd, F_GETFD);
        const auto link = "/proc/self/fd/" + std::to_string(fd);
        std::error_code error;
        if (flags >= 0 && std::filesystem::read_symlink(link, error) == path()) {
            EXPECT_NE(flags & FD_CLOEXEC, 0);
            return;
        }
    }
    FAIL() << "the log file is not open";
}

TEST(CommandLog, KnowsThatItIsStandardError) {
    GlobalOptions global;
    global.log = "/proc/self/fd/2";
    EXPECT_TRUE(CommandLog(global).is_standard_error());
}

}  // namespace
}  // namespace kata::cli
