// What devices of the Container Device Interface change in the specification that crun gets.
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pkg/agent/guest/cdi_edits.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::agent::guest {
namespace {

using base::ErrorCode;
using nlohmann::json;
using test::expect_error;
using test::TemporaryDirectory;
using testing::HasSubstr;

/// A container that asks for device "a" of a guest with one specification.
class CdiEditsTest : public testing::Test {
  protected:
    CdiEditsTest()
        : file_{{"cdiVersion", "0.7.0"},
                {"kind", "v.com/c"},
                {"devices", {{{"name", "a"}}, {{"name", "b"}}}}},
          spec_{{"process", {{"args", {"sh"}}}},
                {"linux", json::object()},
                {"annotations", {{"cdi.k8s.io/x", "v.com/c=a"}, {"other", "v.com/c=none"}}}} {}

    json& edits() { return file_["devices"][0]["containerEdits"]; }
    [[nodiscard]] json edited() const {
        files_.write("v.json", file_.dump());
        return json::parse(with_cdi(spec_.dump(), {files_.path()}));
    }
    [[nodiscard]] json node() const { return edited().at("linux").at("devices").at(0); }

    TemporaryDirectory files_;
    json file_;
    json spec_;
};

TEST_F(CdiEditsTest, LeaveASpecificationAloneThatAsksForNothing) {
    files_.write("broken.json", "{}");
    const std::string spec = R"({"annotations": {"x": "v.com/c=a"},  "process": {}})";
    EXPECT_EQ(with_cdi(spec, {files_.path()}), spec);
}

TEST_F(CdiEditsTest, AddVariablesAndReplaceThoseOfTheSameName) {
    spec_["process"]["env"] = {"PATH=/bin", "GPU=none"};
    edits()["env"] = {"GPU=0", "MORE=1=2"};
    EXPECT_EQ(edited()["process"]["env"], json({"PATH=/bin", "GPU=0", "MORE=1=2"}));
}

TEST_F(CdiEditsTest, MakeWhatASpecificationHasNot) {
    edits()["env"] = {"A=1"};
    EXPECT_EQ(edited()["process"]["env"], json({"A=1"}));
}

TEST_F(CdiEditsTest, AddTheNodeThatAFileDescribesInFull) {
    edits()["deviceNodes"] = {{{"path", "/dev/not-here"},
                               {"type", "b"},
                               {"major", 8},
                               {"minor", 16},
                               {"fileMode", 0640},
                               {"uid", 3},
                               {"gid", 0},
                               {"permissions", "r"}}};
    const json spec = edited();
    EXPECT_EQ(spec["linux"]["devices"],
              json({{{"path", "/dev/not-here"},
                     {"type", "b"},
                     {"major", 8},
                     {"minor", 16},
                     {"fileMode", 0640},
                     {"uid", 3},
                     {"gid", 0}}}));
    EXPECT_EQ(
        spec["linux"]["resources"]["devices"],
        json({{{"allow", true}, {"type", "b"}, {"major", 8}, {"minor", 16}, {"access", "r"}}}));
}

TEST_F(CdiEditsTest, LookUpInTheGuestWhatAFileLeavesOut) {
    edits()["deviceNodes"] = {{{"path", "/dev/mine"}, {"hostPath", "/dev/null"}}};
    struct stat null {};
    ASSERT_EQ(::stat("/dev/null", &null), 0);
    const json spec = edited();
    EXPECT_EQ(spec["linux"]["devices"],
              json({{{"path", "/dev/mine"},
                     {"type", "c"},
                     {"major", 1},
                     {"minor", 3},
                     {"fileMode", null.st_mode & 07777},
                     {"uid", null.st_uid},
                     {"gid", null.st_gid}}}));
    EXPECT_EQ(
        spec["linux"]["resources"]["devices"],
        json({{{"allow", true}, {"type", "c"}, {"major", 1}, {"minor", 3}, {"access", "rwm"}}}));
}

TEST_F(CdiEditsTest, LetAUserWhoIsNotRootOwnANodeThatHasNoOwner) {
    spec_["process"]["user"] = {{"uid", 1000}, {"gid", 100}};
    edits()["deviceNodes"] = {{{"path", "/dev/null"}, {"gid", 5}}};
    EXPECT_EQ(node()["uid"], 1000);
    EXPECT_EQ(node()["gid"], 5);
    edits()["deviceNodes"] = {{{"path", "/dev/null"}}};
    EXPECT_EQ(node()["gid"], 100);
}

TEST_F(CdiEditsTest, AddPipesWithoutNumbersAndRules) {
    ASSERT_EQ(::mkfifo((files_ / "pipe").c_str(), 0600), 0);
    edits()["deviceNodes"] = {{{"path", "/dev/pipe"}, {"hostPath", files_ / "pipe"}}};
    const json spec = edited();
    EXPECT_EQ(spec["linux"]["devices"][0]["type"], "p");
    EXPECT_FALSE(spec["linux"]["devices"][0].contains("major"));
    EXPECT_FALSE(spec["linux"].contains("resources"));
}

TEST_F(CdiEditsTest, AllowNothingWithoutPermissions) {
    edits()["deviceNodes"] = {{{"path", "/dev/null"}, {"permissions", "none"}}};
    EXPECT_EQ(node()["path"], "/dev/null");
    EXPECT_FALSE(edited()["linux"].contains("resources"));
}

TEST_F(CdiEditsTest, ReplaceANodeThatIsThereAlready) {
    spec_["linux"]["devices"] = {{{"path", "/dev/zero"}, {"type", "c"}, {"major", 9}, {"minor", 9}},
                                 {{"path", "/dev/other"}}};
    edits()["deviceNodes"] = {{{"path", "/dev/zero"}}};
    const json devices = edited()["linux"]["devices"];
    ASSERT_EQ(devices.size(), 2U);
    EXPECT_EQ(devices[0]["path"], "/dev/other");
    EXPECT_EQ(devices[1]["path"], "/dev/zero");
    EXPECT_EQ(devices[1]["minor"], 5);
}

TEST_F(CdiEditsTest, RefuseANodeThatTheGuestHasNot) {
    const std::string who = "annotation \"cdi.k8s.io/x\", device \"v.com/c=a\": ";
    edits()["deviceNodes"] = {{{"path", "/dev/x"}, {"hostPath", files_ / "none"}}};
    expect_error([&] { return edited(); },
                 ErrorCode::not_found,
                 who + "no device node \"/dev/x\": \"" + (files_ / "none").native() +
                     "\" of the guest does not exist");
    edits()["deviceNodes"] = {{{"path", files_.path()}}};
    expect_error([&] { return edited(); }, ErrorCode::not_found, "of the guest is no device");
    edits()["deviceNodes"] = {{{"path", "/dev/null"}, {"type", "b"}}};
    expect_error(
        [&] { return edited(); }, ErrorCode::not_found, "of the guest is no device of type b");
}

TEST_F(CdiEditsTest, AddMountsBeforeThoseTheyWouldHide) {
    spec_["mounts"] = {{{"destination", "/proc"}},
                       {{"destination", "/usr/library"}},
                       {{"destination", "/usr/lib/x"}, {"source", "old"}},
                       {{"destination", "/usr/lib/y"}},
                       {{"destination", "/usr/lib/x/below"}}};
    edits()["mounts"] = {
        {{"hostPath", "/opt/x"}, {"containerPath", "/usr/lib/x"}, {"options", {"ro", "bind"}}},
        {{"hostPath", "tmpfs"}, {"containerPath", "/usr/lib"}, {"type", "tmpfs"}},
        {{"hostPath", "/z"}, {"containerPath", "/z"}}};
    EXPECT_EQ(
        edited()["mounts"],
        json({{{"destination", "/proc"}},
              {{"destination", "/usr/library"}},
              {{"destination", "/usr/lib"}, {"source", "tmpfs"}, {"type", "tmpfs"}},
              {{"destination", "/usr/lib/y"}},
              {{"destination", "/usr/lib/x"}, {"source", "/opt/x"}, {"options", {"ro", "bind"}}},
              {{"destination", "/usr/lib/x/below"}},
              {{"destination", "/z"}, {"source", "/z"}}}));
}

TEST_F(CdiEditsTest, AddHooksAfterThoseOfTheSpecification) {
    spec_["hooks"]["startContainer"] = {{{"path", "/first"}}};
    edits()["hooks"] = {{{"hookName", "startContainer"}, {"path", "/second"}},
                        {{"hookName", "createContainer"},
                         {"path", "/bin/hook"},
                         {"args", {"hook", "ldconfig"}},
                         {"env", {"A=1"}},
                         {"timeout", 5}}};
    EXPECT_EQ(edited()["hooks"],
              json({{"startContainer", {{{"path", "/first"}}, {{"path", "/second"}}}},
                    {"createContainer",
                     {{{"path", "/bin/hook"},
                       {"args", {"hook", "ldconfig"}},
                       {"env", {"A=1"}},
                       {"timeout", 5}}}}}));
}

TEST_F(CdiEditsTest, AddGroupsOnceAndNeverRoots) {
    spec_["process"]["user"] = {{"additionalGids", {7}}};
    edits()["additionalGids"] = {0, 44, 7, 44};
    EXPECT_EQ(edited()["process"]["user"]["additionalGids"], json({7, 44}));
}

TEST_F(CdiEditsTest, AreThoseOfTheFileOnceAndOfEachDeviceOnce) {
    spec_["annotations"]["cdi.k8s.io/y"] = "v.com/c=b,v.com/c=a";
    file_["containerEdits"]["hooks"] = {{{"hookName", "poststop"}, {"path", "/file"}}};
    edits()["hooks"] = {{{"hookName", "poststop"}, {"path", "/a"}}};
    file_["devices"][1]["containerEdits"]["hooks"] = {{{"hookName", "poststop"}, {"path", "/b"}}};
    EXPECT_EQ(edited()["hooks"]["poststop"],
              json({{{"path", "/file"}}, {{"path", "/a"}}, {{"path", "/b"}}}));
}

TEST_F(CdiEditsTest, AreNoneForAKindThatTheGuestDoesNotKnowWhichIsLogged) {
    spec_["annotations"]["cdi.k8s.io/x"] = "v.com/host-only=0";
    testing::internal::CaptureStderr();
    const json spec = edited();
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                HasSubstr("annotation \"cdi.k8s.io/x\" changes nothing in the guest, which has no "
                          "CDI specification of v.com/host-only"));
    EXPECT_EQ(spec, spec_);
}

TEST_F(CdiEditsTest, OfAnUnknownDeviceAreRefusedWithThoseThereAre) {
    spec_["annotations"]["cdi.k8s.io/x"] = "v.com/c=a,v.com/c=2";
    expect_error([&] { return edited(); },
                 ErrorCode::not_found,
                 "annotation \"cdi.k8s.io/x\", device \"v.com/c=2\": the guest has no device "
                 "\"v.com/c=2\"; of v.com/c it has a, b");
}

TEST_F(CdiEditsTest, ThatNoGuestHasAreRefused) {
    edits()["netDevices"] = {{{"hostInterfaceName", "eth1"}, {"name", "net0"}}};
    expect_error([&] { return edited(); },
                 ErrorCode::unsupported,
                 "device \"v.com/c=a\": its field netDevices cannot be had in a guest");
    spec_["annotations"]["cdi.k8s.io/x"] = "v.com/c=b";
    EXPECT_EQ(edited(), spec_) << "only of a device that is asked for";
}

TEST_F(CdiEditsTest, OfFilesThatCannotBeReadAreRefused) {
    files_.write("broken.yaml", "kind: [");
    expect_error([&] { return edited(); },
                 ErrorCode::invalid_argument,
                 (files_ / "broken.yaml").native() + "\": not YAML: line 1");
}

}  // namespace
}  // namespace kata::agent::guest
