#include "pkg/oci/bundle.h"

#include <sys/stat.h>

#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::oci {
namespace {

using test::expect_error;
using test::TemporaryDirectory;
namespace fs = std::filesystem;
using base::ErrorCode;

class BundleTest : public testing::Test {
  protected:
    BundleTest() {
        fs::create_directory(dir_ / "rootfs");
        config(R"("rootfs")");
    }

    void config(const std::string& root_path) {
        dir_.write("config.json", R"({"ociVersion":"1.0.2","root":{"path":)" + root_path + "}}");
    }

    void expect_refused(ErrorCode code, const std::string& words) {
        expect_error([&] { (void)load_bundle(dir_.path()); }, code, words);
    }

    TemporaryDirectory dir_;
};

TEST_F(BundleTest, GivesAbsolutePathsWithoutSymlinksForEveryWayToNameIt) {
    fs::create_directory_symlink(dir_.path(), dir_ / "link");
    fs::create_directory(dir_ / "sub");
    for (const fs::path& name : {dir_.path(), dir_ / "link", dir_ / "sub" / "..", dir_ / ""}) {
        const Bundle bundle = load_bundle(name);
        EXPECT_EQ(bundle.path, dir_.path());
        EXPECT_EQ(bundle.rootfs, dir_ / "rootfs");
        EXPECT_EQ(bundle.spec.oci_version, "1.0.2");
    }
}

TEST_F(BundleTest, TakesARootfsElsewhereAndWithASlashAtTheEnd) {
    const TemporaryDirectory other;
    config("\"" + other.path().native() + "/\"");
    EXPECT_EQ(load_bundle(dir_.path()).rootfs, other.path());
    config(R"("./rootfs//")");
    EXPECT_EQ(load_bundle(dir_.path()).rootfs, dir_ / "rootfs");
}

TEST_F(BundleTest, ReadsTheNamedFileInsteadOfConfigJson) {
    dir_.write("other.json", R"({"ociVersion":"1.1.0","root":{"path":"rootfs"}})");
    fs::remove(dir_ / "config.json");
    EXPECT_EQ(load_bundle(dir_.path(), dir_ / "other.json").spec.oci_version, "1.1.0");
}

TEST_F(BundleTest, RefusesADirectoryThatIsNotThere) {
    expect_error([&] { (void)load_bundle(dir_ / "none"); },
                 ErrorCode::not_found,
                 (dir_ / "none").native() + "\": no such file or directory");
    expect_error([&] { (void)load_bundle(dir_ / "config.json"); },
                 ErrorCode::invalid_argument,
                 "not a directory");
    expect_error([&] { (void)load_bundle(""); }, ErrorCode::invalid_argument, "empty");
}

TEST_F(BundleTest, RefusesAMissingConfigWithTheNextStep) {
    fs::remove(dir_ / "config.json");
    expect_refused(ErrorCode::not_found, "config.json\": no such file or directory; ");
}

TEST_F(BundleTest, RefusesAFifoWithoutWaitingForAWriter) {
    fs::remove(dir_ / "config.json");
    ASSERT_EQ(::mkfifo((dir_ / "config.json").c_str(), 0600), 0);
    expect_refused(ErrorCode::invalid_argument, "not a regular file");
}

TEST_F(BundleTest, RefusesADirectoryAsConfig) {
    fs::remove(dir_ / "config.json");
    fs::create_directory(dir_ / "config.json");
    expect_refused(ErrorCode::invalid_argument, "not a regular file");
}

TEST_F(BundleTest, RefusesAHugeConfigWithoutReadingAllOfIt) {
    fs::resize_file(dir_ / "config.json", std::uintmax_t{1} << 40);
    expect_refused(ErrorCode::invalid_argument, "larger than");
}

TEST_F(BundleTest, RefusesARootfsThatIsMissingOrAFileOrASymlink) {
    config(R"("none")");
    expect_refused(ErrorCode::not_found, "no such file or directory");
    config(R"("config.json")");
    expect_refused(ErrorCode::invalid_argument, "not a directory");
    fs::create_directory_symlink("/", dir_ / "slash");
    config(R"("slash")");
    expect_refused(ErrorCode::invalid_argument, "symlink");
    config(R"("")");
    expect_refused(ErrorCode::invalid_argument, "root.path must not be empty");
    dir_.write("config.json", "{}");
    expect_refused(ErrorCode::invalid_argument, "root must be set");
}

}  // namespace
}  // namespace kata::oci
