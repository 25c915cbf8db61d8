#include "pkg/sandbox/volumes/direct_volume_store.h"

#include <sys/stat.h>

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/sandbox/volumes/volume_path.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/volumes/fake_host.h"

namespace kata::sandbox {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kVolume = "/kubelet/volume";

class DirectVolumeStoreTest : public testing::Test {
  protected:
    void SetUp() override { directory_.write("image", "0123456789"); }

    [[nodiscard]] MountInfo info(const char* device = "image") const {
        MountInfo info;
        info.volume_type = "directvol";
        info.device = directory_ / device;
        info.fstype = "ext4";
        return info;
    }
    [[nodiscard]] fs::path root() const { return directory_ / "volumes"; }
    [[nodiscard]] fs::path entry(const std::string& path = kVolume) const {
        return root() / encoded_volume_path(path);
    }
    void start_sandbox(const std::string& id) const {
        fs::create_directories(directory_ / "sbs" / id);
    }
    void end_sandbox(const std::string& id) const { fs::remove_all(directory_ / "sbs" / id); }
    void claimed_by(const std::string& sandbox) const {
        start_sandbox(sandbox);
        store_.claim(kVolume, sandbox);
    }
    template <typename Callable>
    void expect_refused(Callable callable, ErrorCode code, const std::string& words) const {
        test::expect_error(
            [&] {
                callable();
                return 0;
            },
            code,
            words);
    }

    test::TemporaryDirectory directory_;
    test::FakeHost host_;
    DirectVolumeStore store_{directory_ / "volumes", directory_ / "sbs", host_.view()};
};

TEST_F(DirectVolumeStoreTest, KnowsNothingBeforeTheFirstAdd) {
    EXPECT_THAT(store_.list(), IsEmpty());
    EXPECT_EQ(store_.find(kVolume), std::nullopt);
    EXPECT_THAT(store_.collect_garbage(false), IsEmpty());
    store_.remove(kVolume);
    store_.release(kVolume, "pod");
    expect_refused([&] { static_cast<void>(store_.get(kVolume)); },
                   ErrorCode::not_found,
                   "\"/kubelet/volume\" does not exist");
    EXPECT_FALSE(fs::exists(root()));
}

TEST_F(DirectVolumeStoreTest, WritesWhatTheReferenceReads) {
    store_.add(kVolume, info());
    EXPECT_EQ(test::content_of(entry() / "mountInfo.json"), to_json_text(info()));
    struct stat status {};
    ASSERT_EQ(::stat(entry().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700U);
    ASSERT_EQ(::stat((entry() / "mountInfo.json").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    EXPECT_EQ(store_.get(kVolume).info, info());
}

TEST_F(DirectVolumeStoreTest, TakesWhatAnotherToolHasWritten) {
    directory_.write("volumes/" + encoded_volume_path(kVolume) + "/mountInfo.json",
                     R"({"volume-type":"directvol","device":"/dev/x","fstype":"xfs",)"
                     R"("metadata":{},"options":["bind","rw"]})");
    const DirectVolume volume = store_.get(kVolume);
    EXPECT_EQ(volume.info.fstype, "xfs");
    EXPECT_THAT(volume.info.options, IsEmpty());
}

TEST_F(DirectVolumeStoreTest, WritesNothingForARequestThatIsRefused) {
    expect_refused([&] { store_.add(kVolume, info("none")); }, ErrorCode::not_found, "none");
    expect_refused(
        [&] { store_.add("/a/../../etc", info()); }, ErrorCode::invalid_argument, "\"..\"");
    expect_refused([&] { store_.add("", info()); }, ErrorCode::invalid_argument, "is empty");
    host_.loop("loop0", "7:0", directory_ / "image");
    host_.mounted("7:0", "/mnt");
    expect_refused(
        [&] { store_.add(kVolume, info()); }, ErrorCode::invalid_state, "is mounted on /mnt");
    EXPECT_FALSE(fs::exists(root()));
}

TEST_F(DirectVolumeStoreTest, AddsTheSameAgainAndChangesWhatNobodyUses) {
    store_.add(kVolume, info());
    store_.add(kVolume, info());
    MountInfo other = info();
    other.options = {"ro"};
    store_.add(kVolume, other);
    EXPECT_EQ(store_.get(kVolume).info, other);
    claimed_by("pod");
    store_.add(kVolume, other);
    expect_refused([&] { store_.add(kVolume, info()); },
                   ErrorCode::invalid_state,
                   "cannot change the direct volume: sandbox \"pod\" has the volume");
}

TEST_F(DirectVolumeStoreTest, KeepsAPendingSizeForTheSameDeviceOnly) {
    store_.add(kVolume, info());
    store_.update(kVolume, [](DirectVolume& volume) { volume.info.pending_size = 4096; });
    store_.add(kVolume, info());
    EXPECT_EQ(store_.get(kVolume).info.pending_size, 4096U);
    directory_.write("other", "x");
    store_.add(kVolume, info("other"));
    EXPECT_EQ(store_.get(kVolume).info.pending_size, 0U);
}

TEST_F(DirectVolumeStoreTest, StoresNothingIfAChangeFails) {
    store_.add(kVolume, info());
    expect_refused(
        [&] {
            store_.update(kVolume, [](DirectVolume& volume) {
                volume.info.pending_size = 1;
                throw base::Error(ErrorCode::internal, "no");
            });
        },
        ErrorCode::internal,
        "no");
    EXPECT_EQ(store_.get(kVolume).info, info());
}

TEST_F(DirectVolumeStoreTest, RemovesAVolumeAndNothingElse) {
    directory_.write("volumes/canary", "here");
    directory_.write("canary", "here");
    store_.add(kVolume, info());
    store_.add("/other", info());
    store_.remove(kVolume);
    store_.remove(kVolume);
    EXPECT_FALSE(fs::exists(entry()));
    EXPECT_TRUE(fs::exists(entry("/other")));
    for (const char* path : {"", ".", "..", "../canary", "/..", "/../canary", "canary", "\n"}) {
        expect_refused([&] { store_.remove(path); },
                       ErrorCode::invalid_argument,
                       "cannot use the volume path");
    }
    store_.remove("/");
    EXPECT_EQ(test::content_of(root() / "canary"), "here");
    EXPECT_EQ(test::content_of(directory_ / "canary"), "here");
    EXPECT_TRUE(fs::exists(entry("/other")));
}

TEST_F(DirectVolumeStoreTest, DoesNotFollowLinksOutOfItself) {
    directory_.write("outside/mountInfo.json", to_json_text(info()));
    fs::create_directories(root());
    fs::create_directory_symlink(directory_ / "outside", entry());
    EXPECT_ANY_THROW(static_cast<void>(store_.find(kVolume)));
    EXPECT_ANY_THROW(store_.add(kVolume, info("image")));
    store_.add("/other", info());
    fs::remove(entry("/other") / "mountInfo.json");
    fs::create_symlink(directory_ / "outside/mountInfo.json", entry("/other") / "mountInfo.json");
    EXPECT_ANY_THROW(static_cast<void>(store_.find("/other")));
    store_.remove("/other");
    EXPECT_EQ(test::content_of(directory_ / "outside/mountInfo.json"), to_json_text(info()));
}

TEST_F(DirectVolumeStoreTest, FindsNoVolumeAtOtherSourcesOfMounts) {
    store_.add(kVolume, info());
    for (const std::string path : {"/kubelet", "/kubelet/volume/", "proc", "", "/a/..", "tmpfs"}) {
        EXPECT_EQ(store_.find(path), std::nullopt) << path;
    }
    EXPECT_EQ(store_.find("/" + std::string(4000, 'a')), std::nullopt);
}

TEST_F(DirectVolumeStoreTest, TellsOfABrokenVolumeAndRemovesIt) {
    const std::string file = "volumes/" + encoded_volume_path(kVolume) + "/mountInfo.json";
    for (const char* text : {"", "{", "[]", "{}", "{\"device\":\"/d\",\"fstype\":\"ntfs\"}"}) {
        directory_.write(file, text);
        expect_refused(
            [&] { static_cast<void>(store_.get(kVolume)); }, ErrorCode::internal, "mountInfo.json");
        ASSERT_EQ(store_.list().size(), 1U);
        EXPECT_THAT(store_.list()[0].problem, HasSubstr("mountInfo.json"));
        EXPECT_EQ(state_of(store_.list()[0]), VolumeState::broken);
    }
    fs::remove(directory_ / file);
    ASSERT_EQ(::mkfifo((directory_ / file).c_str(), 0600), 0);
    expect_refused(
        [&] { static_cast<void>(store_.get(kVolume)); }, ErrorCode::internal, "not a regular file");
    store_.remove(kVolume);
    EXPECT_FALSE(fs::exists(entry()));
}

TEST_F(DirectVolumeStoreTest, GivesAVolumeToOneSandboxAtATime) {
    store_.add(kVolume, info());
    claimed_by("pod");
    store_.claim(kVolume, "pod");  // another container of it
    EXPECT_EQ(fs::file_size(entry() / "pod"), 0U);
    EXPECT_THAT(store_.get(kVolume).sandboxes, ElementsAre("pod"));
    start_sandbox("other");
    expect_refused([&] { store_.claim(kVolume, "other"); },
                   ErrorCode::invalid_state,
                   "sandbox \"pod\" has the volume \"/kubelet/volume\"");
    store_.release(kVolume, "pod");
    store_.release(kVolume, "pod");
    store_.claim(kVolume, "other");
    EXPECT_THAT(store_.get(kVolume).sandboxes, ElementsAre("other"));
}

TEST_F(DirectVolumeStoreTest, GivesADeviceToOneSandboxUnderAnyPath) {
    store_.add(kVolume, info());
    fs::create_hard_link(directory_ / "image", directory_ / "link");
    store_.add("/other", info("link"));
    claimed_by("pod");
    start_sandbox("late");
    expect_refused([&] { store_.claim("/other", "late"); },
                   ErrorCode::invalid_state,
                   "for \"/other\": sandbox \"pod\" has the volume \"/kubelet/volume\"");
    expect_refused(
        [&] { store_.add("/third", info()); }, ErrorCode::invalid_state, "one sandbox at a time");
    store_.claim("/other", "pod");
}

TEST_F(DirectVolumeStoreTest, LetsExactlyOneOfManySandboxesHaveAVolume) {
    store_.add(kVolume, info());
    std::atomic<int> winners{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        start_sandbox("pod" + std::to_string(i));
        threads.emplace_back([&, i] {
            try {
                store_.claim(kVolume, "pod" + std::to_string(i));
                ++winners;
            } catch (const base::Error& error) {
                EXPECT_EQ(error.code(), ErrorCode::invalid_state) << error.what();
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(winners, 1);
}

TEST_F(DirectVolumeStoreTest, LooksAtTheDeviceAgainWhenASandboxTakesIt) {
    store_.add(kVolume, info());
    start_sandbox("pod");
    host_.loop("loop0", "7:0", directory_ / "image");
    host_.mounted("7:0", "/mnt");
    expect_refused(
        [&] { store_.claim(kVolume, "pod"); }, ErrorCode::invalid_state, "is mounted on /mnt");
    fs::remove(directory_ / "image");
    expect_refused([&] { store_.claim(kVolume, "pod"); }, ErrorCode::not_found, "image");
    EXPECT_FALSE(fs::exists(entry() / "pod"));
}

TEST_F(DirectVolumeStoreTest, RefusesNamesThatNoSandboxHas) {
    store_.add(kVolume, info());
    for (const char* name : {"", "..", "../x", "a/b", "mountInfo.json"}) {
        expect_refused([&] { store_.claim(kVolume, name); }, ErrorCode::invalid_argument, "");
        store_.release(kVolume, name);
    }
    EXPECT_EQ(store_.get(kVolume).info, info());
}

TEST_F(DirectVolumeStoreTest, DoesNotRemoveWhatASandboxHas) {
    store_.add(kVolume, info());
    claimed_by("pod");
    expect_refused([&] { store_.remove(kVolume); },
                   ErrorCode::invalid_state,
                   "cannot remove the direct volume: sandbox \"pod\" has the volume");
    end_sandbox("pod");
    store_.remove(kVolume);
    EXPECT_FALSE(fs::exists(entry()));
}

TEST_F(DirectVolumeStoreTest, PassesOverSandboxesThatDoNotExist) {
    store_.add(kVolume, info());
    claimed_by("dead");
    end_sandbox("dead");
    EXPECT_THAT(store_.get(kVolume).sandboxes, IsEmpty());
    EXPECT_THAT(store_.get(kVolume).stale, ElementsAre("dead"));
    EXPECT_EQ(state_of(store_.get(kVolume)), VolumeState::free);
    claimed_by("pod");
    EXPECT_EQ(state_of(store_.get(kVolume)), VolumeState::in_use);
}

TEST_F(DirectVolumeStoreTest, CollectsWhatIsLeftOfSandboxesAndDevices) {
    directory_.write("gone", "x");
    directory_.write("used", "x");
    store_.add(kVolume, info());
    store_.add("/gone", info("gone"));
    store_.add("/used", info("used"));
    claimed_by("dead");
    end_sandbox("dead");
    start_sandbox("pod");
    store_.claim("/used", "pod");
    fs::remove(directory_ / "gone");
    fs::remove(directory_ / "used");
    fs::create_directory(entry("/half"));

    const auto names = [](const std::vector<Garbage>& garbage) {
        std::vector<std::string> words;
        for (const Garbage& piece : garbage) {
            words.push_back(piece.volume + " " + piece.sandbox + ": " + piece.reason);
        }
        return words;
    };
    const auto wanted =
        ElementsAre("/gone : its device \"" + (directory_ / "gone").native() + "\" does not exist",
                    "/half : its add was interrupted",
                    "/kubelet/volume dead: the sandbox does not exist");
    EXPECT_THAT(names(store_.collect_garbage(true)), wanted);
    EXPECT_TRUE(fs::exists(entry() / "dead"));
    EXPECT_THAT(names(store_.collect_garbage(false)), wanted);
    EXPECT_FALSE(fs::exists(entry("/gone")));
    EXPECT_FALSE(fs::exists(entry("/half")));
    EXPECT_FALSE(fs::exists(entry() / "dead"));
    EXPECT_TRUE(fs::exists(entry("/used") / "pod"));
    EXPECT_THAT(store_.collect_garbage(false), IsEmpty());
}

TEST_F(DirectVolumeStoreTest, KeepsTheDeviceOfOtherKindsToOneSandbox) {
    MountInfo vfio;
    vfio.volume_type = "vfiovol";
    vfio.device = "0000:45:00.1";
    store_.add("/a", vfio);
    store_.add("/b", vfio);
    start_sandbox("pod");
    start_sandbox("late");
    store_.claim("/a", "pod");
    expect_refused(
        [&] { store_.claim("/b", "late"); }, ErrorCode::invalid_state, "one sandbox at a time");
    EXPECT_THAT(store_.collect_garbage(true), IsEmpty());
}

}  // namespace
}  // namespace kata::sandbox
