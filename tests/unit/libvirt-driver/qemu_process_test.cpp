#include "pkg/libvirt-driver/qemu_process.h"

#include <unistd.h>

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/support/temporary_directory.h"

namespace kata::libvirt_driver {
namespace {

using test::TemporaryDirectory;

constexpr const char* kName = "kata-a";
constexpr const char* kUuid = "7b0c5a53-1d3e-4c55-8f6a-0d7a4f1f2b11";

class FindQemu : public testing::Test {
  protected:
    void add_process(int pid, const std::string& uuid) {
        using std::string_literals::operator""s;
        tree_.write("proc/" + std::to_string(pid) + "/cmdline",
                    "/usr/bin/qemu-system-x86_64\0-uuid\0"s + uuid + "\0-S\0"s);
    }

    void write_pid_file(const std::string& content) { tree_.write("run/kata-a.pid", content); }

    [[nodiscard]] std::optional<pid_t> find(std::optional<uid_t> owner = geteuid()) const {
        return find_qemu({tree_.path() / "proc", tree_.path() / "run"}, kName, kUuid, owner);
    }

    TemporaryDirectory tree_;
};

TEST_F(FindQemu, TakesTheProcessOfThePidFile) {
    add_process(41, kUuid);
    add_process(42, kUuid);
    write_pid_file("42\n");

    EXPECT_EQ(find(), 42);
}

TEST_F(FindQemu, SearchesWithoutAPidFile) {
    add_process(41, "7b0c5a53-1d3e-4c55-8f6a-0d7a4f1f2b22");
    add_process(42, kUuid);
    tree_.write("proc/self/cmdline", "x");

    EXPECT_EQ(find(), 42);
}

TEST_F(FindQemu, DistrustsAPidFileThatNamesAnotherProcess) {
    add_process(41, "7b0c5a53-1d3e-4c55-8f6a-0d7a4f1f2b22");
    add_process(42, kUuid);
    write_pid_file("41");

    EXPECT_EQ(find(), 42);
}

TEST_F(FindQemu, DistrustsAPidFileThatIsGarbage) {
    add_process(42, kUuid);
    for (const char* content : {"", "\n", "-42", "42x", "4 2", "99999999999999"}) {
        write_pid_file(content);
        EXPECT_EQ(find(), 42) << content;
    }
}

TEST_F(FindQemu, WantsTheUuidAsOneWholeArgument) {
    using std::string_literals::operator""s;
    tree_.write("proc/41/cmdline", "grep\0-uuid "s + kUuid + '\0');
    tree_.write("proc/43/cmdline", "grep\0"s + kUuid + '\0');
    add_process(44, std::string(kUuid) + "0");

    EXPECT_EQ(find(), std::nullopt);
}

TEST_F(FindQemu, FindsNoneWhereThereIsNone) {
    EXPECT_EQ(find(), std::nullopt);
}

TEST_F(FindQemu, DoesNotGuessBetweenTwo) {
    add_process(41, kUuid);
    add_process(42, kUuid);

    EXPECT_EQ(find(), std::nullopt);
}

TEST_F(FindQemu, IgnoresAProcessOfAStranger) {
    if (geteuid() != 0) {
        GTEST_SKIP() << "needs root to give files to other users";
    }
    add_process(41, kUuid);
    add_process(42, kUuid);
    ASSERT_EQ(chown((tree_.path() / "proc/41").c_str(), 12345, 12345), 0);
    ASSERT_EQ(chown((tree_.path() / "proc/42").c_str(), 64055, 64055), 0);

    EXPECT_EQ(find(64055), 42);
}

TEST(FindVirtiofsd, TakesEveryProcessThatServesExactlyThatDirectory) {
    using std::string_literals::operator""s;
    const TemporaryDirectory tree;
    const auto add = [&](int pid, const std::string& arguments) {
        tree.write("proc/" + std::to_string(pid) + "/cmdline", arguments);
    };
    add(41, "/usr/lib/qemu/virtiofsd\0--fd=9\0-o\0source=/share/a,xattr\0"s);
    add(42, "/usr/lib/qemu/virtiofsd\0--fd=9\0-o\0source=/share/a,xattr\0"s);
    add(43, "/usr/lib/qemu/virtiofsd\0--fd=9\0-o\0source=/share/ab,xattr\0"s);
    add(44, "/bin/ls\0source=/share/a,xattr\0"s);
    auto found = find_virtiofsd({tree.path() / "proc", {}}, "/share/a", geteuid());
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, (std::vector<pid_t>{41, 42}));
    EXPECT_TRUE(find_virtiofsd({tree.path() / "proc", {}}, "/share/c", std::nullopt).empty());
}

}  // namespace
}  // namespace kata::libvirt_driver
