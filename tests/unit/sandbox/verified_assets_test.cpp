#include "pkg/sandbox/verified_assets.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/file.h"
#include "pkg/base/log.h"
#include "tests/unit/sandbox/fakes.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

/// The content itself, as far as it is hexadecimal: what was added is seen.
class EchoDigest : public Digest {
  public:
    void add(std::string_view bytes) override { bytes_ += bytes; }
    std::string hexadecimal() override { return bytes_; }

  private:
    std::string bytes_;
};

class EchoBackend : public test::FakeBackend {
  public:
    std::unique_ptr<Digest> sha512() override { return std::make_unique<EchoDigest>(); }
};

/// The number of bytes.
class CountingDigest : public Digest {
  public:
    void add(std::string_view bytes) override { count_ += bytes.size(); }
    std::string hexadecimal() override { return std::to_string(count_); }

  private:
    std::size_t count_ = 0;
};

class CountingBackend : public test::FakeBackend {
  public:
    std::unique_ptr<Digest> sha512() override { return std::make_unique<CountingDigest>(); }
};

class VerifiedAssets : public testing::Test {
  protected:
    void SetUp() override {
        std::filesystem::create_directory(place_.sandbox_dir);
        base::write_file_atomically(config_.kernel, "abc123");
        base::write_file_atomically(config_.initrd, "def456");
    }
    void use() {
        Journal journal(place_.journal(), "");
        use_verified_assets(config_, place_, journal, backend_);
    }
    static mode_t mode_of(const std::filesystem::path& path) {
        struct stat status {};
        EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
        return status.st_mode & 07777U;
    }
    [[nodiscard]] RuntimeConfig config_in_directory() const {
        RuntimeConfig config;
        config.kernel = directory_ / "vmlinux";
        config.initrd = directory_ / "initrd.img";
        config.assets_dir = directory_.path();
        return config;
    }

    test::TemporaryDirectory directory_;
    RuntimeConfig config_ = config_in_directory();
    ContainerPlace place_{oci::ContainerId("c"), "s", directory_ / "state", directory_ / "state/c"};
    EchoBackend backend_;
    base::NullLog log_;
};

TEST_F(VerifiedAssets, LeavesFilesWithoutAHashWhereTheyAre) {
    const RuntimeConfig before = config_;
    use();
    EXPECT_TRUE(config_ == before);
    EXPECT_FALSE(std::filesystem::exists(assets_dir_of(config_, place_)));
    EXPECT_TRUE(Journal::load(place_.journal(), log_).empty());
}

TEST_F(VerifiedAssets, BootsACopyThatQemusUserCanReadAndThatTheJournalKnows) {
    config_.kernel_hash = "ABC123";
    const auto initrd = config_.initrd;
    const mode_t umask = ::umask(0077);
    use();
    ::umask(umask);
    const auto directory = assets_dir_of(config_, place_);
    EXPECT_EQ(config_.kernel, directory / "kernel");
    EXPECT_EQ(config_.initrd, initrd);
    EXPECT_EQ(base::read_file(config_.kernel), "abc123");
    EXPECT_EQ(mode_of(directory), 0755U);
    EXPECT_EQ(mode_of(config_.kernel), 0644U);
    const Effect made{Effect::Kind::directory, directory, ""};
    EXPECT_THAT(Journal::load(place_.journal(), log_), testing::ElementsAre(made));
}

TEST_F(VerifiedAssets, GivesEachSandboxACopyOfTheFirmwaresVariables) {
    config_.machine.firmware = directory_ / "code.fd";
    config_.machine.firmware_volume = directory_ / "vars.fd";
    base::write_file_atomically(config_.machine.firmware, "aa");
    base::write_file_atomically(config_.machine.firmware_volume, "bb");
    use();
    EXPECT_EQ(config_.machine.firmware, directory_ / "code.fd");
    EXPECT_EQ(config_.machine.firmware_volume, assets_dir_of(config_, place_) / "firmware_volume");
    EXPECT_EQ(base::read_file(config_.machine.firmware_volume), "bb");
    EXPECT_EQ(mode_of(config_.machine.firmware_volume), 0600U);
    EXPECT_EQ(Journal::load(place_.journal(), log_).size(), 1U);
}

TEST_F(VerifiedAssets, VerifiesTheFirmwareAndItsVariables) {
    config_.machine.firmware = directory_ / "code.fd";
    config_.machine.firmware_volume = directory_ / "vars.fd";
    base::write_file_atomically(config_.machine.firmware, "aa");
    base::write_file_atomically(config_.machine.firmware_volume, "bb");
    config_.machine.firmware_hash = "aa";
    config_.machine.firmware_volume_hash = "bc";
    test::expect_error(
        [&] {
            use();
            return 0;
        },
        base::ErrorCode::invalid_argument,
        "firmware_volume_hash\" is not the hash of");
    EXPECT_EQ(base::read_file(config_.machine.firmware), "aa");
    EXPECT_EQ(config_.machine.firmware, assets_dir_of(config_, place_) / "firmware");
}

TEST_F(VerifiedAssets, RefusesAnotherHashAndSaysWhichItIs) {
    config_.initrd_hash = "abc124";
    test::expect_error(
        [&] {
            use();
            return 0;
        },
        base::ErrorCode::invalid_argument,
        "initrd_hash\" is not the hash of \"" + config_.initrd.native() +
            "\", whose SHA-512 is def456");
}

TEST_F(VerifiedAssets, OfAGuestWithAnImageAreItsLoaderAndTheImage) {
    config_.image = directory_ / "guest.img";
    config_.image_loader = directory_ / "loader.img";
    base::write_file_atomically(config_.image, "aaa111");
    base::write_file_atomically(config_.image_loader, "bbb222");
    config_.image_hash = "aaa111";
    config_.initrd_hash = "bbb222";
    const auto initrd = config_.initrd;
    use();
    EXPECT_EQ(base::read_file(assets_dir_of(config_, place_) / "image"), "aaa111");
    EXPECT_EQ(config_.image, assets_dir_of(config_, place_) / "image");
    EXPECT_EQ(config_.image_loader, assets_dir_of(config_, place_) / "initrd");
    EXPECT_EQ(config_.initrd, initrd);
}

TEST_F(VerifiedAssets, AreTheProgramThatRunsTheVmWhateverItsAnnotationIsCalled) {
    const std::string program = std::filesystem::read_symlink("/proc/self/exe");
    const std::string hash = std::to_string(std::filesystem::file_size(program));
    CountingBackend backend;
    EXPECT_NO_THROW(require_verified_emulator(config_, ::getpid(), backend));
    config_.emulator_hashes = {{"hypervisor_hash", hash}};
    EXPECT_NO_THROW(require_verified_emulator(config_, ::getpid(), backend));
    config_.emulator_hashes["path_hash"] = "abc124";
    test::expect_error(
        [&] {
            require_verified_emulator(config_, ::getpid(), backend);
            return 0;
        },
        base::ErrorCode::invalid_argument,
        "path_hash\" is not the hash of \"" + program + "\", whose SHA-512 is " + hash);
}

TEST_F(VerifiedAssets, RefusesTheHashOfAnImageThatIsNotUsed) {
    config_.image_hash = "aaa111";
    test::expect_error(
        [&] {
            use();
            return 0;
        },
        base::ErrorCode::invalid_argument,
        "image_hash\" is the hash of no file");
    EXPECT_FALSE(std::filesystem::exists(assets_dir_of(config_, place_)));
}

TEST_F(VerifiedAssets, RefusesWhatIsNoFileOrEmpty) {
    config_.kernel_hash = "abc123";
    base::write_file_atomically(config_.kernel, "");
    const auto fails = [&](const char* words) {
        test::expect_error(
            [&] {
                use();
                return 0;
            },
            base::ErrorCode::invalid_argument,
            words);
    };
    fails("it is empty");
    std::filesystem::remove_all(assets_dir_of(config_, place_));
    config_.kernel = directory_.path();
    fails("not a regular file");
}

}  // namespace
}  // namespace kata::sandbox
