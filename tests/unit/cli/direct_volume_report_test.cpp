#include "cli/direct_volume_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/support/temporary_directory.h"

namespace kata::cli {
namespace {

using nlohmann::json;
using sandbox::DirectVolume;
using testing::HasSubstr;

class DirectVolumeReport : public testing::Test {
  protected:
    void SetUp() override { directory_.write("image", "12345"); }

    [[nodiscard]] DirectVolume volume(const std::string& path) const {
        DirectVolume volume;
        volume.path = path;
        volume.directory = "/volumes/x";
        volume.info.volume_type = "directvol";
        volume.info.device = directory_ / "image";
        volume.info.fstype = "ext4";
        return volume;
    }

    test::TemporaryDirectory directory_;
};

TEST_F(DirectVolumeReport, OfNoVolumesIsTheHeaderOrAnEmptyArray) {
    EXPECT_EQ(volume_table({}), "VOLUME PATH   DEVICE   TYPE   FSTYPE   STATE   SANDBOXES\n");
    EXPECT_EQ(volumes_json({}), "[]\n");
}

TEST_F(DirectVolumeReport, ShowsEveryState) {
    DirectVolume used = volume("/used");
    used.sandboxes = {"pod1", "pod2"};
    DirectVolume gone = volume("/gone");
    gone.info.device = directory_ / "none";
    DirectVolume broken;
    broken.path = "/broken";
    broken.problem = "cannot parse it";
    const std::string table = volume_table({volume("/a"), used, gone, broken});
    EXPECT_THAT(table, testing::ContainsRegex("\n/a  .* directvol   ext4 .* free .* -\n"));
    EXPECT_THAT(table, testing::ContainsRegex("\n/used .* in use  *pod1,pod2\n"));
    EXPECT_THAT(table, testing::ContainsRegex("\n/gone .* device gone   -\n"));
    EXPECT_THAT(table, testing::ContainsRegex("\n/broken .* - .* broken .* -\n"));
    const json document = json::parse(volumes_json({used, broken}));
    EXPECT_EQ(document[0]["volumePath"], "/used");
    EXPECT_EQ(document[0]["state"], "in use");
    EXPECT_EQ(document[0]["sandboxes"], (json{"pod1", "pod2"}));
    EXPECT_EQ(document[0]["mountInfo"]["fstype"], "ext4");
    EXPECT_EQ(document[1]["problem"], "cannot parse it");
    EXPECT_FALSE(document[1].contains("mountInfo"));
}

TEST_F(DirectVolumeReport, ShowsNoEscapes) {
    const std::string table = volume_table({volume("/a\x1b[2J")});
    EXPECT_EQ(table.find('\x1b'), std::string::npos);
    EXPECT_THAT(table, HasSubstr("/a?[2J"));
    EXPECT_EQ(json::parse(volumes_json({volume("/\xff")}))[0]["volumePath"], "/\xef\xbf\xbd");
}

TEST_F(DirectVolumeReport, OfOneVolumeHasItsDevice) {
    DirectVolume one = volume("/a");
    one.stale = {"dead"};
    const json document = json::parse(volume_json(one));
    EXPECT_EQ(document["device"]["kind"], "file");
    EXPECT_EQ(document["device"]["size"], 5);
    EXPECT_FALSE(document["device"].contains("hostUse"));
    EXPECT_EQ(document["staleSandboxes"], json{"dead"});
    one.info.device = directory_ / "none";
    EXPECT_THAT(json::parse(volume_json(one))["problem"].get<std::string>(), HasSubstr("none"));
    one.info.volume_type = "vfiovol";
    one.info.device = "45:00.1";
    EXPECT_FALSE(json::parse(volume_json(one)).contains("device"));
}

TEST_F(DirectVolumeReport, SaysWhatWasRemovedAndWhy) {
    const std::vector<sandbox::Garbage> garbage = {{"/a", "", "its device is gone"},
                                                   {"/b", "pod", "the sandbox does not exist"}};
    EXPECT_EQ(garbage_lines(garbage, false),
              "removed the volume \"/a\": its device is gone\n"
              "removed sandbox \"pod\" from the volume \"/b\": the sandbox does not exist\n");
    EXPECT_THAT(garbage_lines(garbage, true), testing::StartsWith("would remove the volume"));
    EXPECT_EQ(garbage_lines({}, false), "");
}

}  // namespace
}  // namespace kata::cli
