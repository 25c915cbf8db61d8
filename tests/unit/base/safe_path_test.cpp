#include "pkg/base/safe_path.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/base/file.h"
#include "tests/unit/base/base_test.h"

namespace kata::base {
namespace {

namespace fs = std::filesystem;

// A root in which an image could have prepared anything, beside a place that must stay as it is.
class SafePath : public DirectoryTest {
  protected:
    SafePath() {
        fs::create_directory(dir_ / "root");
        fs::create_directory(dir_ / "outside");
        write(dir_ / "outside" / "secret", "kept");
        root_ = open_file(dir_ / "root", O_PATH | O_DIRECTORY);
    }

    [[nodiscard]] fs::path in(const std::string& name) const { return dir_ / "root" / name; }

    void expect_outside_untouched() const {
        EXPECT_EQ(content_of(dir_ / "outside" / "secret"), "kept");
        EXPECT_EQ(std::distance(fs::directory_iterator(dir_ / "outside"), {}), 1);
        EXPECT_EQ(std::distance(fs::directory_iterator(dir_), {}), 2);
    }

    UniqueFd root_;
};

TEST_F(SafePath, OpensAsAProcessInTheRootWouldSeeIt) {
    fs::create_directory(in("etc"));
    write(in("etc/f"), "inner");
    fs::create_symlink("/etc/f", in("absolute"));
    fs::create_symlink("../../../../etc/f", in("climbing"));
    for (const std::string path : {"/etc/f", "etc/f", "absolute", "climbing", "../../etc/f"}) {
        const UniqueFd fd = open_in_root(root_.ref(), path, O_RDONLY);
        EXPECT_EQ(content_of(path_of(fd.ref())), "inner") << path;
    }
}

TEST_F(SafePath, RefusesMagicLinksOutOfTheRoot) {
    const UniqueFd slash = open_file("/", O_PATH | O_DIRECTORY);
    EXPECT_TRUE(error_of([&] { (void)open_in_root(slash.ref(), "/proc/self/cwd", O_PATH); }));
}

TEST_F(SafePath, OpensAResolvedPathOnlyWhileNoPartOfItIsASymlink) {
    fs::create_directories(in("a/b"));
    write(in("a/b/file"), "inner");
    EXPECT_EQ(content_of(path_of(open_without_links(in("a/b/file"), O_PATH).ref())), "inner");
    fs::create_directory_symlink("a", in("link"));
    fs::create_symlink("file", in("a/b/last"));
    for (const fs::path& path : {in("link/b/file"), in("link/b"), in("link"), in("a/b/last")}) {
        expect_error([&] { (void)open_without_links(path, O_PATH); },
                     ErrorCode::invalid_state,
                     "\"" + path.native() + "\": a symlink has been put into its path");
    }
    expect_error(
        [&] { (void)open_without_links(in("a/none"), O_PATH); }, ErrorCode::not_found, "a/none");
}

TEST_F(SafePath, MakesDirectoriesThroughSymlinksOnlyInside) {
    fs::create_symlink(dir_ / "outside", in("absolute"));
    fs::create_symlink("../outside", in("climbing"));
    (void)make_directories_in_root(root_.ref(), "absolute/a/b");
    (void)make_directories_in_root(root_.ref(), "/climbing/c");
    (void)make_directories_in_root(root_.ref(), "../../up");
    EXPECT_TRUE(fs::is_directory(in("up")));
    EXPECT_TRUE(fs::is_directory(in("outside/c")));
    EXPECT_TRUE(fs::is_directory(dir_ / "root" / (dir_ / "outside/a/b").relative_path()));
    expect_outside_untouched();
}

TEST_F(SafePath, MakesTheTargetOfADanglingLinkAsImagesHaveThem) {
    fs::create_directory(in("etc"));
    fs::create_symlink("../run/systemd/resolv.conf", in("etc/resolv.conf"));
    (void)make_file_in_root(root_.ref(), "/etc/resolv.conf");
    EXPECT_TRUE(fs::is_regular_file(in("run/systemd/resolv.conf")));
    fs::create_directory(in("var"));
    fs::create_symlink("/run/lock", in("var/lock"));
    (void)make_directories_in_root(root_.ref(), "/var/lock/x");
    EXPECT_TRUE(fs::is_directory(in("run/lock/x")));
    expect_outside_untouched();
}

TEST_F(SafePath, RefusesLinksInACircle) {
    fs::create_symlink("b", in("a"));
    fs::create_symlink("a", in("b"));
    EXPECT_TRUE(error_of([&] { (void)make_directories_in_root(root_.ref(), "a/x"); }));
    EXPECT_TRUE(error_of([&] { (void)make_file_in_root(root_.ref(), "a"); }));
}

TEST_F(SafePath, OpensAFileThatIsThereAndRefusesOneInTheWay) {
    write(in("f"), "kept");
    (void)make_file_in_root(root_.ref(), "f");
    EXPECT_EQ(content_of(in("f")), "kept");
    expect_error([&] { (void)make_directories_in_root(root_.ref(), "f/x"); },
                 ErrorCode::invalid_argument,
                 "f");
}

TEST_F(SafePath, RemovesATreeWithoutFollowingLinks) {
    fs::create_directories(in("t/a/b"));
    write(in("t/a/f"), "");
    fs::create_symlink(dir_ / "outside", in("t/a/link"));
    fs::create_symlink(dir_ / "outside", in("only-link"));
    remove_tree(in("t"));
    remove_tree(in("only-link"));
    EXPECT_TRUE(fs::is_empty(dir_ / "root"));
    expect_outside_untouched();
}

TEST_F(SafePath, RemovesATreeHoweverItIsNamed) {
    fs::create_directories(in("t/a"));
    remove_tree(in("t") / "");
    EXPECT_FALSE(fs::exists(in("t")));
    fs::create_directories(in("u/a"));
    const fs::path before = fs::current_path();
    fs::current_path(dir_ / "root");
    remove_tree("u");
    fs::current_path(before);
    EXPECT_FALSE(fs::exists(in("u")));
}

TEST_F(SafePath, TakesAMissingTreeAsRemoved) {
    EXPECT_NO_THROW(remove_tree(in("none")));
    EXPECT_NO_THROW(remove_tree(in("none/of/these")));
}

// In a child with a mount namespace of its own: 0 if the mount stopped remove_tree.
int remove_around_a_mount(const fs::path& tree, const fs::path& outside, unsigned long flags) {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount(outside.c_str(), (tree / "mnt").c_str(), nullptr, flags, nullptr) != 0) {
        return 2;
    }
    const auto error = error_of([&] { remove_tree(tree); });
    return error && error->code() == ErrorCode::invalid_state ? 0 : 1;
}

TEST_F(SafePath, NeverRemovesAcrossAMount) {
    fs::create_directories(in("t/mnt"));
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
        ::_exit(remove_around_a_mount(in("t"), dir_ / "outside", MS_BIND));
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
        GTEST_SKIP() << "making a mount needs CAP_SYS_ADMIN";
    }
    EXPECT_EQ(status, 0);
    expect_outside_untouched();
}

}  // namespace
}  // namespace kata::base
