#include "pkg/sandbox/journal.h"

#include <gtest/gtest.h>

#include "pkg/base/file.h"
#include "tests/unit/sandbox/warning_log.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

class JournalTest : public ::testing::Test {
  protected:
    test::TemporaryDirectory directory_;
    std::filesystem::path path_ = directory_.path() / "journal";
    test::WarningLog log_;
};

TEST_F(JournalTest, IsEmptyWhenTheFileIsMissing) {
    EXPECT_TRUE(Journal::load(path_, log_).empty());
}

TEST_F(JournalTest, KeepsEffectsInOrderWithAnyBytesInTheirNames) {
    Journal journal(path_, "c1");
    journal.record(Effect::Kind::directory, "/a b\"c\n");
    journal.record(Effect::Kind::vm, "uuid");
    const std::vector<Effect> expected{{Effect::Kind::directory, "/a b\"c\n", "c1"},
                                       {Effect::Kind::vm, "uuid", "c1"}};
    EXPECT_EQ(Journal::load(path_, log_), expected);
}

TEST_F(JournalTest, KeepsTheNameOfAScope) {
    Journal(path_, "c1").record(Effect::Kind::scope, "docker-c1.scope");
    EXPECT_NE(base::read_file(path_).find(R"("effect":"scope")"), std::string::npos);
    EXPECT_EQ(Journal::load(path_, log_),
              (std::vector<Effect>{{Effect::Kind::scope, "docker-c1.scope", "c1"}}));
}

TEST_F(JournalTest, IsContinuedBySeveralCommands) {
    Journal(path_, "c1").record(Effect::Kind::mount, "/m");
    Journal(path_, "c2").record(Effect::Kind::cgroup, "/g");
    ASSERT_EQ(Journal::load(path_, log_).size(), 2U);
    EXPECT_EQ(Journal::load(path_, log_)[1].container_id, "c2");
}

TEST_F(JournalTest, IgnoresALastLineCutShortAtEveryByte) {
    Journal(path_, "c1").record(Effect::Kind::mount, "/first");
    const std::string whole = base::read_file(path_);
    Journal(path_, "c1").record(Effect::Kind::mount, "/second");
    const std::string both = base::read_file(path_);
    for (std::size_t size = whole.size(); size < both.size(); ++size) {
        base::write_file_atomically(path_, both.substr(0, size));
        ASSERT_EQ(Journal::load(path_, log_).size(), 1U) << "cut at byte " << size;
    }
}

TEST_F(JournalTest, PassesOverALineThatIsNoEffectWithAWarningThatNamesTheFile) {
    Journal(path_, "c1").record(Effect::Kind::mount, "/first");
    base::write_file_atomically(
        path_,
        "{\"effect\":\"explode\",\"object\":\"/\",\"container\":\"\"}\nno json\n" +
            base::read_file(path_));
    ASSERT_EQ(Journal::load(path_, log_).size(), 1U);
    ASSERT_EQ(log_.warnings.size(), 2U);
    EXPECT_NE(log_.warnings[0].find(path_.native()), std::string::npos);
}

TEST_F(JournalTest, IsContinuedOnANewLineAfterOneThatWasCutShort) {
    base::write_file_atomically(path_, "{\"effect\":\"mou");
    Journal(path_, "c1").record(Effect::Kind::mount, "/second");
    ASSERT_EQ(Journal::load(path_, log_).size(), 1U);
    EXPECT_EQ(Journal::load(path_, log_)[0].object, "/second");
}

TEST_F(JournalTest, IsReplacedByWhatRemains) {
    Journal(path_, "c1").record(Effect::Kind::mount, "/m");
    const std::vector<Effect> rest{{Effect::Kind::vm, "uuid", "c2"}};
    Journal::rewrite(path_, rest);
    EXPECT_EQ(Journal::load(path_, log_), rest);
}

}  // namespace
}  // namespace kata::sandbox
