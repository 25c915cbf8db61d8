#include "pkg/sandbox/volumes/mount_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/support/expect_error.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using testing::ElementsAre;
using testing::IsEmpty;

MountInfo parse(const std::string& text) {
    return parse_mount_info(text, "mount-info");
}

MountInfo stored(const std::string& text) {
    return parse_mount_info(text, "mountInfo.json", MountInfoSource::stored);
}

void expect_refused(const std::string& text,
                    const std::string& words,
                    ErrorCode code = ErrorCode::invalid_argument) {
    test::expect_error([&] { return parse(text); }, code, words);
    test::expect_error([&] { return parse(text); }, code, "\"mount-info\"");
}

/// A mount-info whose further members are `members`.
std::string with(const std::string& members) {
    return R"({"device": "/dev/sdf", )" + members + "}";
}

TEST(MountInfo, IsReadInTheFullForm) {
    const MountInfo info = parse(R"({"volume-type": "directvol", "device": "/dev/sdf",
        "fstype": "xfs", "metadata": {"fsGroup": "1000", "other": "kept"},
        "options": ["ro", "noatime"]})");
    EXPECT_EQ(info.volume_type, "directvol");
    EXPECT_EQ(info.device, "/dev/sdf");
    EXPECT_EQ(info.fstype, "xfs");
    EXPECT_EQ(info.metadata.at("other"), "kept");
    EXPECT_THAT(info.options, ElementsAre("ro", "noatime"));
}

TEST(MountInfo, NeedsNoMoreThanADevice) {
    const MountInfo info = parse(R"({"device": "/dev/sdf"})");
    EXPECT_EQ(info.volume_type, "");
    EXPECT_EQ(info.fstype, "");
    EXPECT_THAT(info.options, IsEmpty());
}

TEST(MountInfo, TakesItsKeysInAnyCase) {
    const MountInfo info = parse(R"({"Device": "/dev/sdf", "FSTYPE": "ext4", "Volume-Type": "x"})");
    EXPECT_EQ(info.device, "/dev/sdf");
    EXPECT_EQ(info.fstype, "ext4");
    EXPECT_EQ(info.volume_type, "x");
}

TEST(MountInfo, TakesTheSpellingsOfTheProjectsDocuments) {
    const MountInfo info =
        parse(R"({"device": "/d", "volume_type": "directvol", "fs_type": "ext4"})");
    EXPECT_EQ(info.fstype, "ext4");
    EXPECT_EQ(info.volume_type, "directvol");
}

TEST(MountInfo, PassesOverUnknownAndNullMembers) {
    EXPECT_EQ(parse(with(R"("later": {"a": [1]}, "fstype": null, "options": null)")),
              parse(R"({"device": "/dev/sdf"})"));
}

TEST(MountInfo, IsRefusedIfItIsNoJsonObject) {
    expect_refused("", "line 1");
    expect_refused("{", "line 1");
    expect_refused(R"({"device": "/dev/sdf"} trailing)", "line 1");
    expect_refused("[]", "must be a JSON object");
    expect_refused("\"/dev/sdf\"", "must be a JSON object");
    expect_refused(std::string(600, '[') + std::string(600, ']'), "nested deeper");
    expect_refused("{\"device\": \"\xff\"}", "line 1");
    expect_refused(std::string("{\"device\": \"/a\0\"}", 17), "NUL");
    expect_refused(R"({"device": "/dev/a", "device": "/dev/b"})", "written twice");
    expect_refused(R"({"device": "/dev/a", "DEVICE": "/dev/b"})", "\"device\" is written twice");
    expect_refused(with(R"("fstype": "ext4", "fs_type": "xfs")"), "\"fstype\" is written twice");
}

TEST(MountInfo, IsRefusedIfTypesAreWrong) {
    expect_refused(R"({"device": 7})", "device must be a string");
    expect_refused(with(R"("fstype": {})"), "fstype must be a string");
    expect_refused(with(R"("volume-type": [])"), "volume-type must be a string");
    expect_refused(with(R"("metadata": "{}")"), "metadata must be an object");
    expect_refused(with(R"("metadata": {"fsGroup": 1000})"), "metadata.fsGroup must be a string");
    expect_refused(with(R"("options": "ro")"), "options must be an array of strings");
    expect_refused(with(R"("options": [1])"), "options must be a string");
}

TEST(MountInfo, IsRefusedWithoutAProperDevice) {
    expect_refused("{}", "device is missing");
    expect_refused(R"({"device": ""})", "device is missing");
    expect_refused(R"({"device": "sdf"})", "is not absolute");
    expect_refused(R"({"device": "/dev/../etc/shadow"})", "has a \"..\"");
    expect_refused(R"({"device": "/dev/a\nb"})", "device has control characters");
}

TEST(MountInfo, KnowsTheFileSystemsOfTheGuest) {
    for (const char* name : {"ext4", "ext3", "ext2", "xfs", "btrfs"}) {
        EXPECT_EQ(parse(with("\"fstype\": \"" + std::string(name) + "\"")).fstype, name);
    }
    expect_refused(with(R"("fstype": "ntfs")"), "fstype \"ntfs\" is not one of");
    expect_refused(with(R"("fstype": "EXT4")"), "is not one of");
}

TEST(MountInfo, RefusesABindInARequestAndDropsItFromAFile) {
    expect_refused(with(R"("options": ["bind", "rw"])"), "options has \"bind\"");
    expect_refused(with(R"("options": ["noatime,rbind"])"), "options has \"rbind\"");
    EXPECT_THAT(stored(with(R"("options": ["bind", "rw", "noatime"])")).options,
                ElementsAre("noatime"));
}

TEST(MountInfo, NormalisesItsOptions) {
    EXPECT_THAT(parse(with(R"("options": ["rw", "defaults", "", "noatime", "noatime"])")).options,
                ElementsAre("noatime"));
    EXPECT_THAT(parse(with(R"("options": ["ro,noatime", "nodev"])")).options,
                ElementsAre("ro", "noatime", "nodev"));
    expect_refused(with(R"("options": ["ro", "rw"])"), "both ro and rw");
    expect_refused(with(R"("options": ["remount"])"), "no option of a file system");
    expect_refused(with(R"("options": ["a\tb"])"), "control characters");
}

TEST(MountInfo, RefusesGroupsThatAreNone) {
    for (const char* group :
         {"", "0", "-1", "+5", "4294967296", "99999999999999999999", "1x", " 1", "root", "1.0"}) {
        expect_refused(with(R"("metadata": {"fsGroup": ")" + std::string(group) + "\"}"),
                       "metadata.fsGroup must be");
    }
    const auto group_of = [](const std::string& group) {
        return settings_of(parse(with(R"("metadata": {"fsGroup": ")" + group + "\"}"))).fs_group;
    };
    EXPECT_EQ(group_of("1"), 1U);
    EXPECT_EQ(group_of("4294967295"), 4294967295U);
}

TEST(MountInfo, KnowsTwoPoliciesForGroups) {
    const auto with_policy = [](const std::string& policy) {
        return with(R"("metadata": {"fsGroupChangePolicy": ")" + policy + "\"}");
    };
    EXPECT_TRUE(settings_of(parse(with_policy("OnRootMismatch"))).only_on_root_mismatch);
    EXPECT_FALSE(settings_of(parse(with_policy("Always"))).only_on_root_mismatch);
    expect_refused(with_policy("always"), "fsGroupChangePolicy must be Always or OnRootMismatch");
}

TEST(MountInfo, TakesTheBooleansOfGo) {
    const auto creates = [](const std::string& value) {
        return settings_of(parse(with(R"("metadata": {"createFilesystem": ")" + value + "\"}")))
            .create_filesystem;
    };
    for (const char* value : {"1", "t", "T", "true", "TRUE", "True"}) {
        EXPECT_TRUE(creates(value)) << value;
    }
    for (const char* value : {"0", "f", "F", "false", "FALSE", "False"}) {
        EXPECT_FALSE(creates(value)) << value;
    }
    expect_refused(with(R"("metadata": {"createFilesystem": "yes"})"),
                   "createFilesystem must be true or false");
}

TEST(MountInfo, DoesNotPretendToEncrypt) {
    expect_refused(with(R"("metadata": {"encryptionKey": "k"})"),
                   "cannot be encrypted",
                   ErrorCode::unsupported);
}

TEST(MountInfo, ChecksTheDeviceOfAVfioVolume) {
    const auto vfio = [](const std::string& device) {
        return R"({"volume-type": "vfiovol", "device": ")" + device + "\"}";
    };
    for (const char* device : {"45:00.1", "0000:45:00.1", "ff:1f.7", "/dev/vfio/110"}) {
        EXPECT_EQ(settings_of(parse(vfio(device))).kind, VolumeKind::vfio) << device;
    }
    for (const char* device : {"45:00.8",
                               "45:20.0",
                               "45-00.1",
                               "0000:45:00",
                               "x000:45:00.1",
                               "/dev/vfio/",
                               "/dev/vfio/vfio",
                               "/dev/vfio/1/../2",
                               "/dev/sdf",
                               "/dev/vfio/1234567890",
                               "45:00.11",
                               "000:45:00.1"}) {
        expect_refused(vfio(device), "must be a PCI address");
    }
}

TEST(MountInfo, ChecksTheSocketOfAVhostUserVolume) {
    for (const char* type : {"spdkvol", "spoolvol"}) {
        const std::string begin = R"({"volume-type": ")" + std::string(type) + R"(", "device": ")";
        EXPECT_EQ(settings_of(parse(begin + "/run/spdk/vhost.0\"}")).kind, VolumeKind::vhost_user);
        expect_refused(begin + "vhost.0\"}", "is not absolute");
    }
    EXPECT_EQ(settings_of(parse(with(R"("volume-type": "anything")"))).kind, VolumeKind::disk);
}

TEST(MountInfo, IsReadOnlyByItsOptionAlone) {
    EXPECT_TRUE(settings_of(parse(with(R"("options": ["ro"])"))).read_only);
    EXPECT_FALSE(settings_of(parse(with(R"("options": ["errors=remount-ro"])"))).read_only);
}

TEST(MountInfoText, IsWhatOtherReadersExpect) {
    const std::string text = to_json_text(parse(with(R"("fstype": "ext4")")));
    EXPECT_EQ(text, R"({"volume-type":"","device":"/dev/sdf","fstype":"ext4"})");
    const auto full = nlohmann::json::parse(to_json_text(
        parse(with(R"("volume-type": "directvol", "metadata": {"a": "b"}, "options": ["ro"])"))));
    EXPECT_EQ(full.at("metadata"), (nlohmann::json{{"a", "b"}}));
    EXPECT_EQ(full.at("options"), (nlohmann::json{"ro"}));
}

TEST(MountInfoText, IsReadBackAsItWas) {
    MountInfo info = parse(with(R"("fstype": "xfs", "metadata": {"a": "\"\\ä"},
                                   "options": ["ro", "x=\"y\""])"));
    info.pending_size = std::uint64_t{1} << 40;
    EXPECT_EQ(stored(to_json_text(info)), info);
}

TEST(MountInfoText, RemembersASizeThatARequestCannotSet) {
    EXPECT_EQ(parse(with(R"("pending-size": 5)")).pending_size, 0U);
    EXPECT_EQ(stored(with(R"("pending-size": 5)")).pending_size, 5U);
    EXPECT_EQ(stored(with(R"("pending-size": "5")")).pending_size, 0U);
}

}  // namespace
}  // namespace kata::sandbox
