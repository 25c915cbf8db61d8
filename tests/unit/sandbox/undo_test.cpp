#include "pkg/sandbox/undo.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <sstream>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/sandbox/lent_rootfs.h"
#include "tests/unit/sandbox/fakes.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using test::failure_of;

class UndoTest : public ::testing::Test {
  protected:
    UndoContext context(bool vm_confirmed = true) {
        return {backend_,
                log_,
                tombstones_,
                base::Deadline::after(std::chrono::seconds(20)),
                vm_confirmed};
    }

    test::TemporaryDirectory directory_;
    test::FakeBackend backend_;
    base::NullLog log_;
    Tombstones tombstones_{directory_.path() / "tombstones"};
};

TEST_F(UndoTest, DestroysTheVmAndRemovesTheTree) {
    backend_.fake.alive.insert("u1");
    const auto tree = directory_.path() / "tree";
    base::make_directories(tree / "a/b");
    undo_effects({{Effect::Kind::directory, tree.native(), "c"}, {Effect::Kind::vm, "u1", "c"}},
                 context());
    EXPECT_TRUE(backend_.fake.alive.empty());
    EXPECT_FALSE(std::filesystem::exists(tree));
}

TEST_F(UndoTest, MayBeRepeated) {
    const auto tree = (directory_.path() / "tree").native();
    const std::vector<Effect> effects{{Effect::Kind::directory, tree, "c"},
                                      {Effect::Kind::mount, tree, "c"},
                                      {Effect::Kind::vm, "u1", "c"}};
    EXPECT_NO_THROW(undo_effects(effects, context()));
    EXPECT_NO_THROW(undo_effects(effects, context()));
}

TEST_F(UndoTest, TakesADiskOutOfAVmThatGoesOnAndItsFilesAway) {
    const auto file = directory_.path() / "disk-kata1";
    base::write_file_atomically(file, "");
    const Effect disk{Effect::Kind::disk,
                      R"({"vm":"u1","serial":"kata1","path":")" + file.native() +
                          R"(","block":false,"readOnly":false})",
                      "c"};
    UndoContext pod = context();
    pod.vm_goes_on = true;
    undo_effects({disk}, pod);
    EXPECT_EQ(backend_.fake.unplugged, std::vector<std::string>{"kata1"});
    EXPECT_FALSE(std::filesystem::exists(file));
    undo_effects({disk}, context());
    EXPECT_EQ(backend_.fake.unplugged.size(), 1U);  // not asked of a VM that ends
}

// A block device of this host, only to be opened: the file system is one in memory.
LentRootfs lent_to(const std::filesystem::path& mount_point) {
    LentRootfs lent;
    for (const auto& disk : std::filesystem::directory_iterator("/sys/block")) {
        std::istringstream number(base::try_read_file(disk.path() / "dev").value_or(""));
        char colon = 0;
        number >> lent.major >> colon >> lent.minor;
    }
    lent.device = mount_point.native() + ".device";
    lent.serial = "kata1";
    lent.mount_point = mount_point;
    lent.fs_type = "tmpfs";
    ::mknod(lent.device.c_str(), S_IFBLK | 0600, makedev(lent.major, lent.minor));
    return lent;
}

bool was_mounted(const std::filesystem::path& path) {
    return ::umount2(path.c_str(), UMOUNT_NOFOLLOW) == 0;
}

TEST_F(UndoTest, MountsARootAgainThatTheGuestCannotHaveWritten) {
    const auto root = directory_.path() / "root";
    base::make_directories(root);
    LentRootfs lent = lent_to(root);
    const Effect disk{Effect::Kind::disk,
                      R"({"vm":"u1","serial":"kata1","path":"/nonexistent/kata1","block":true,)"
                      R"("readOnly":false})",
                      "c"};
    undo_effects({{Effect::Kind::rootfs, to_text(lent), "c"}}, context());
    EXPECT_TRUE(was_mounted(root)) << "it was not a disk yet";
    EXPECT_FALSE(was_mounted(root)) << "once";
    undo_effects({{Effect::Kind::rootfs, to_text(lent), "c"}, disk}, context());
    EXPECT_FALSE(was_mounted(root)) << "it was a disk that could be written";
    lent.read_only = true;
    undo_effects({{Effect::Kind::rootfs, to_text(lent), "c"}, disk}, context());
    EXPECT_TRUE(was_mounted(root)) << "it was a disk that could only be read";
}

TEST_F(UndoTest, GoesOnAfterAFailureAndReportsTheFirst) {
    backend_.fake.failure = base::ErrorCode::permission_denied;
    const auto tree = directory_.path() / "tree";
    base::make_directories(tree);
    const auto error = failure_of([&] {
        undo_effects({{Effect::Kind::directory, tree.native(), "c"}, {Effect::Kind::vm, "u", "c"}},
                     context());
    });
    EXPECT_EQ(error.code(), base::ErrorCode::permission_denied);
    EXPECT_FALSE(std::filesystem::exists(tree));
}

TEST_F(UndoTest, ConvergesWithoutLibvirtAndFinishesWhenItAnswersAgain) {
    const auto stone = directory_.path() / "tombstones/0-no-such-uuid";
    backend_.fake.failure = base::ErrorCode::unavailable;
    EXPECT_NO_THROW(undo_effects({{Effect::Kind::vm, "0-no-such-uuid", "c"}}, context()));
    EXPECT_FALSE(std::filesystem::exists(stone)) << "nobody can have heard of that VM";

    backend_.fake.failure = base::ErrorCode::timeout;
    EXPECT_NO_THROW(undo_effects({{Effect::Kind::vm, "0-no-such-uuid", "c"}}, context()));
    EXPECT_TRUE(std::filesystem::exists(stone));

    backend_.fake.failure.reset();
    undo_effects({{Effect::Kind::vm, "another", "c"}}, context());
    EXPECT_TRUE(std::filesystem::exists(stone)) << "forgotten before the VM could appear";

    backend_.fake.alive.insert("0-no-such-uuid");
    undo_effects({{Effect::Kind::vm, "another", "c"}}, context());
    EXPECT_TRUE(backend_.fake.alive.empty());
    EXPECT_FALSE(std::filesystem::exists(stone.parent_path()));
}

TEST_F(UndoTest, KillsAQemuThatLibvirtHasLost) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::execl("/bin/sh", "sh", "-c", "kill -STOP $$", "-uuid", "lost-by-libvirt", "x", nullptr);
        ::_exit(127);
    }
    while (find_qemu("lost-by-libvirt").empty()) {
        ::usleep(1000);
    }
    undo_effects({{Effect::Kind::vm, "lost-by-libvirt", "c"}}, context());
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(UndoTest, ForgetsATombstoneWhoseVmNeverCame) {
    const auto stone = directory_.path() / "tombstones/never";
    tombstones_.add("never");
    std::filesystem::last_write_time(
        stone, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
    tombstones_.finish(backend_.fake, log_, base::Deadline::after(std::chrono::seconds(20)));
    EXPECT_FALSE(std::filesystem::exists(stone));
}

TEST_F(UndoTest, WaitsForAVmWhoseCreationWasNotConfirmed) {
    undo_effects({{Effect::Kind::vm, "late", "c"}}, context(/*vm_confirmed=*/false));
    EXPECT_EQ(backend_.fake.destroyed.front(), "late");
}

TEST_F(UndoTest, RemovesAParentOfCgroupsOnlyWhenItIsEmpty) {
    const auto parent = directory_.path() / "parent";
    base::make_directories(parent / "of-others");
    const std::vector<Effect> effects{{Effect::Kind::cgroup_parent, parent.native(), ""}};
    EXPECT_NO_THROW(undo_effects(effects, context()));
    EXPECT_TRUE(std::filesystem::exists(parent / "of-others"));
    std::filesystem::remove(parent / "of-others");
    EXPECT_NO_THROW(undo_effects(effects, context()));
    EXPECT_FALSE(std::filesystem::exists(parent));
}

TEST_F(UndoTest, RemovesTheCgroupsThatLibvirtMadeAfterTheVmHasGone) {
    const auto left = directory_.path() / "left";
    base::make_directories(left / "emulator");
    bool there = false;
    backend_.fake.on_destroy = [&] { there = std::filesystem::exists(left); };
    undo_effects({{Effect::Kind::vm, "uuid", "c"}, {Effect::Kind::vm_cgroup, left.native(), "c"}},
                 context());
    EXPECT_TRUE(there);
    EXPECT_FALSE(std::filesystem::exists(left));
}

TEST_F(UndoTest, RemovesAParentOfCgroupsAfterThoseThatLibvirtMadeInIt) {
    const auto parent = directory_.path() / "parent";
    base::make_directories(parent / "vm" / "emulator");
    undo_effects({{Effect::Kind::cgroup_parent, parent.native(), ""},
                  {Effect::Kind::vm, "uuid", "c"},
                  {Effect::Kind::vm_cgroup, (parent / "vm").native(), "c"}},
                 context());
    EXPECT_FALSE(std::filesystem::exists(parent));
}

TEST_F(UndoTest, StopsAScopeAfterItsCgroupsAreRemovedAndBeforeTheirParents) {
    const auto slice = directory_.path() / "a.slice";
    const auto scope = slice / "docker-c.scope";
    base::make_directories(scope / "left-by-the-container");
    const std::vector<Effect> effects{{Effect::Kind::cgroup_parent, slice.native(), ""},
                                      {Effect::Kind::cgroup, scope.native(), "c"},
                                      {Effect::Kind::scope, "docker-c.scope", "c"},
                                      {Effect::Kind::vm, "uuid", "c"}};
    bool free = false;
    bool parent_there = false;
    backend_.fake_scopes.on_stop = [&] {
        free = !std::filesystem::exists(scope);
        parent_there = std::filesystem::exists(slice);
    };
    undo_effects(effects, context());
    EXPECT_EQ(backend_.fake_scopes.stopped, std::vector<std::string>{"docker-c.scope"});
    EXPECT_TRUE(free);
    EXPECT_TRUE(parent_there);
    EXPECT_FALSE(std::filesystem::exists(slice));
}

TEST_F(UndoTest, ConvergesWithoutSystemd) {
    backend_.fake_scopes.failure = base::ErrorCode::unavailable;
    EXPECT_NO_THROW(undo_effects({{Effect::Kind::scope, "docker-c.scope", "c"}}, context()));
}

TEST_F(UndoTest, NeverRemovesWhatIsMountedInsideATree) {
    const auto tree = directory_.path() / "tree";
    const auto outside = directory_.path() / "outside";
    base::make_directories(tree / "mounted");
    base::make_directories(outside);
    base::write_file_atomically(outside / "canary", "alive");
    if (::mount(outside.c_str(), (tree / "mounted").c_str(), nullptr, MS_BIND, nullptr) != 0) {
        GTEST_SKIP() << "this host does not allow mounts";
    }
    EXPECT_THROW(undo_effects({{Effect::Kind::directory, tree.native(), "c"}}, context()),
                 base::Error);
    EXPECT_EQ(base::read_file(outside / "canary"), "alive");
    undo_effects({{Effect::Kind::directory, tree.native(), "c"},
                  {Effect::Kind::mount, (tree / "mounted").native(), "c"}},
                 context());
    EXPECT_FALSE(std::filesystem::exists(tree));
    EXPECT_EQ(base::read_file(outside / "canary"), "alive");
}

}  // namespace
}  // namespace kata::sandbox
