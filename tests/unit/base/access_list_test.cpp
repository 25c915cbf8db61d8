#include "pkg/base/access_list.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::base {
namespace {

using test::TemporaryDirectory;

constexpr uid_t kUser = 64055;

mode_t mode_of(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
}

TEST(AccessList, OfAModeHasOwnerGroupUserMaskAndOthers) {
    const std::string list = list_with_user("", 0640, kUser, kReadAccess | kWriteAccess);
    EXPECT_EQ(list.size(), 4U + 5 * 8);
    EXPECT_TRUE(list_has_user(list, kUser));
    EXPECT_FALSE(list_has_user(list, kUser + 1));
    EXPECT_FALSE(list_has_user("", kUser));
}

TEST(AccessList, WithoutItsOnlyUserIsTheModeAgain) {
    const std::string list = list_with_user("", 0640, kUser, kReadAccess);
    EXPECT_EQ(list_without_user(list, kUser).size(), 4U + 3 * 8);
}

TEST(AccessList, KeepsTheEntriesOfOthersInOrder) {
    const std::string two =
        list_with_user(list_with_user("", 0600, 20, kReadAccess), 0600, 10, kWriteAccess);
    EXPECT_EQ(two,
              list_with_user(list_with_user("", 0600, 10, kWriteAccess), 0600, 20, kReadAccess));
    EXPECT_EQ(list_without_user(two, 10), list_with_user("", 0600, 20, kReadAccess));
}

TEST(AccessList, ThatIsNoneIsRefused) {
    for (const std::string& list : {std::string("abc"), std::string(12, 'x')}) {
        EXPECT_EQ(test::failure_of([&] { return list_without_user(list, kUser); }).code(),
                  ErrorCode::internal);
    }
}

TEST(AccessList, OfAFileComesAndGoesAndLeavesItsMode) {
    const TemporaryDirectory directory;
    const auto file = directory.path() / "disk";
    directory.write("disk", "x");
    ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
    try {
        ASSERT_TRUE(grant_access(file, kUser, kReadAccess | kWriteAccess));
    } catch (const Error& error) {
        if (error.code() == ErrorCode::unsupported) {
            GTEST_SKIP() << "no access lists in the file system of " << directory.path();
        }
        throw;
    }
    EXPECT_EQ(mode_of(file), 0660U);  // the mask, in the place of the group's rights
    EXPECT_FALSE(grant_access(file, kUser, kReadAccess));
    EXPECT_TRUE(is_listed(file, kUser));
    EXPECT_FALSE(is_listed(file, kUser + 1));
    revoke_access(file, kUser);
    EXPECT_FALSE(is_listed(file, kUser));
    EXPECT_EQ(mode_of(file), 0640U);
    revoke_access(file, kUser);
    revoke_access(directory.path() / "none", kUser);
}

}  // namespace
}  // namespace kata::base
