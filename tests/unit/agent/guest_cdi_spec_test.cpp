// Files of the Container Device Interface as the guest reads them, in both of their languages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/agent/guest/cdi_registry.h"
#include "pkg/agent/guest/cdi_spec.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::agent::guest {
namespace {

using base::ErrorCode;
using test::expect_error;
using test::failure_of;
using test::TemporaryDirectory;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kJson = R"({
    "cdiVersion": "0.7.0",
    "kind": "vendor.com/net",
    "annotations": {"made-by": "hand"},
    "containerEdits": {"env": ["ALL=1"]},
    "devices": [{
        "name": "eth:0",
        "annotations": {"a": "b"},
        "containerEdits": {
            "env": ["NAME=eth=0"],
            "deviceNodes": [{"path": "/dev/a", "hostPath": "/dev/b", "type": "u", "major": 5,
                             "minor": 6, "fileMode": 8630, "permissions": "rw", "uid": 7, "gid": 0},
                            {"path": "/dev/c", "permissions": "none"},
                            {"path": "/dev/d"}],
            "mounts": [{"hostPath": "/lib/x", "containerPath": "/usr/lib/x", "type": "none",
                        "options": ["ro", "bind"]}],
            "hooks": [{"hookName": "createContainer", "path": "/bin/hook", "args": ["hook", "-v"],
                       "env": ["A=1"], "timeout": 3}],
            "additionalGids": [44]
        }
    }]
})";

constexpr const char* kYaml = R"(---
cdiVersion: 0.7.0
kind: vendor.com/net
annotations:
  made-by: hand
containerEdits:
  env:
  - ALL=1
devices:
- name: eth:0
  annotations: {a: b}
  containerEdits:
    env: [NAME=eth=0]
    deviceNodes:
    - path: /dev/a
      hostPath: /dev/b
      type: u
      major: 5
      minor: 0x6
      fileMode: 0o20666
      permissions: rw
      uid: 7
      gid: 0
    - path: /dev/c
      permissions: "none"
    - path: /dev/d
      fileMode:
    mounts:
    - {hostPath: /lib/x, containerPath: /usr/lib/x, type: none, options: [ro, bind]}
    hooks:
    - hookName: createContainer
      path: /bin/hook
      args: [hook, -v]
      env: [A=1]
      timeout: 3
    additionalGIDs:
    - 44
)";

void expect_all(const CdiSpec& spec) {
    EXPECT_EQ(spec.kind, "vendor.com/net");
    EXPECT_THAT(spec.edits.environment, ElementsAre("ALL=1"));
    ASSERT_EQ(spec.devices.size(), 1U);
    EXPECT_EQ(spec.devices[0].name, "eth:0");
    const CdiEdits& edits = spec.devices[0].edits;
    EXPECT_THAT(edits.environment, ElementsAre("NAME=eth=0"));
    EXPECT_THAT(edits.groups, ElementsAre(44));
    EXPECT_THAT(edits.unsupported, IsEmpty());
    ASSERT_EQ(edits.nodes.size(), 3U);
    const CdiNode& node = edits.nodes[0];
    EXPECT_EQ(node.path, "/dev/a");
    EXPECT_EQ(node.guest_path, "/dev/b");
    EXPECT_EQ(node.type, "c");
    EXPECT_EQ(node.major, 5U);
    EXPECT_EQ(node.minor, 6U);
    EXPECT_EQ(node.file_mode, 0666U) << "without the bits of the type";
    EXPECT_EQ(node.access, "rw");
    EXPECT_EQ(node.uid, 7U);
    EXPECT_EQ(node.gid, 0U);
    EXPECT_EQ(edits.nodes[1].guest_path, "/dev/c");
    EXPECT_EQ(edits.nodes[1].access, "");
    EXPECT_EQ(edits.nodes[2].access, "rwm");
    EXPECT_EQ(edits.nodes[2].file_mode, std::nullopt);
    ASSERT_EQ(edits.mounts.size(), 1U);
    EXPECT_EQ(edits.mounts[0].guest_path, "/lib/x");
    EXPECT_EQ(edits.mounts[0].container_path, "/usr/lib/x");
    EXPECT_EQ(edits.mounts[0].type, "none");
    EXPECT_THAT(edits.mounts[0].options, ElementsAre("ro", "bind"));
    ASSERT_EQ(edits.hooks.size(), 1U);
    EXPECT_EQ(edits.hooks[0].stage, "createContainer");
    EXPECT_EQ(edits.hooks[0].path, "/bin/hook");
    EXPECT_THAT(edits.hooks[0].arguments, ElementsAre("hook", "-v"));
    EXPECT_THAT(edits.hooks[0].environment, ElementsAre("A=1"));
    EXPECT_EQ(edits.hooks[0].timeout, 3U);
}

TEST(CdiSpec, IsReadFromJson) {
    expect_all(parse_cdi_spec("/etc/cdi/x.json", kJson));
}

TEST(CdiSpec, IsReadFromYaml) {
    expect_all(parse_cdi_spec("/etc/cdi/x.yaml", kYaml));
}

// YAML takes what looks like a number for one unless a field wants a text.
TEST(CdiSpec, TakesUnquotedNamesOfYamlForTexts) {
    const CdiSpec spec = parse_cdi_spec("x.yaml",
                                        "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n"
                                        "- name: 0\n  containerEdits:\n    deviceNodes:\n"
                                        "    - path: /dev/nvidia0\n      fileMode: 0660\n"
                                        "- name: 1e3\n- name: true\n");
    ASSERT_EQ(spec.devices.size(), 3U);
    EXPECT_EQ(spec.devices[0].name, "0");
    EXPECT_EQ(spec.devices[0].edits.nodes.at(0).file_mode, 0660U);
    EXPECT_EQ(spec.devices[1].name, "1e3");
    EXPECT_EQ(spec.devices[2].name, "true");
}

TEST(CdiSpec, IsRefusedWithItsFileAndWhatIsWrong) {
    struct Case {
        const char* edits;  // of a device
        const char* message;
    };
    const Case cases[] = {
        {R"({"deviceNode": []})", "devices[0].containerEdits.deviceNode is no field of CDI"},
        {R"({"deviceNodes": [{}]})", "devices[0].containerEdits.deviceNodes[0].path is missing"},
        {R"({"deviceNodes": [{"path": "dev/a"}]})",
         "deviceNodes[0].path must be an absolute path, not \"dev/a\""},
        {R"({"deviceNodes": [{"path": "/dev/a", "type": "x"}]})", "deviceNodes[0].type must be"},
        {R"({"deviceNodes": [{"path": "/dev/a", "major": -1}]})",
         "deviceNodes[0].major must be an integer between 0 and"},
        {R"({"deviceNodes": [{"path": "/dev/a", "major": "1"}]})",
         "deviceNodes[0].major must be a number, not a string"},
        {R"({"deviceNodes": [{"path": "/dev/a", "permissions": "rx"}]})",
         "deviceNodes[0].permissions must be some of \"rwm\", not \"rx\""},
        {R"({"env": ["A"]})", "devices[0].containerEdits.env: \"A\" is not NAME=value"},
        {R"({"env": "A=1"})", "devices[0].containerEdits.env must be an array, not a string"},
        {R"({"mounts": [{"containerPath": "/a"}]})", "mounts[0].hostPath is missing"},
        {R"({"mounts": [{"hostPath": "/a", "containerPath": "a"}]})",
         "mounts[0].containerPath must be an absolute path"},
        {R"({"hooks": [{"hookName": "before", "path": "/a"}]})",
         "hooks[0].hookName has no hooks: \"before\""},
        {R"({"hooks": [{"hookName": "poststop", "path": "a"}]})",
         "hooks[0].path must be an absolute path"},
        {R"({"hooks": [{"hookName": "poststop", "path": "/a", "timeout": 0}]})",
         "hooks[0].timeout must be more than 0"},
        {R"([])", "devices[0].containerEdits must be an object, not an array"},
    };
    for (const Case& one : cases) {
        const std::string text = R"({"cdiVersion": "1.0.0", "kind": "v.com/c", "devices": [
            {"name": "a", "containerEdits": )" +
                                 std::string(one.edits) + "}]}";
        const auto error = failure_of([&] { return parse_cdi_spec("/etc/cdi/a.json", text); });
        EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
        EXPECT_THAT(error.what(),
                    StartsWith("cannot read the guest's CDI specification \"/etc/cdi/a.json\": "));
        EXPECT_THAT(error.what(), HasSubstr(one.message));
    }
}

TEST(CdiSpec, NeedsAVersionAKindAndDevices) {
    const std::pair<const char*, const char*> cases[] = {
        {R"([])", "the document must be an object"},
        {R"({"kind": "v.com/c"})", "cdiVersion is missing"},
        {R"({"cdiVersion": "2.0.0"})", "cdiVersion must be a version such as"},
        {R"({"cdiVersion": "1.0"})", "cdiVersion must be a version such as"},
        {R"({"cdiVersion": "1.0.0"})", "kind is missing"},
        {R"({"cdiVersion": "1.0.0", "kind": "gpu"})", "kind must be vendor.com/class, not \"gpu\""},
        {R"({"cdiVersion": "1.0.0", "kind": "v.com/c"})", "devices must have one at least"},
        {R"({"cdiVersion": "1.0.0", "kind": "v.com/c", "devices": [{}]})",
         "devices[0].name is missing"},
        {R"({"cdiVersion": "1.0.0", "kind": "v.com/c", "devices": [{"name": "-"}]})",
         "devices[0].name is no name of a device: \"-\""},
        {R"({"cdiVersion": "1.0.0", "kind": "v.com/c", "devices": [{"name": "a"}, {"name": "a"}]})",
         "devices has \"a\" twice"},
        {R"({"cdiVersion": )", "not JSON: "},
    };
    for (const auto& [text, message] : cases) {
        expect_error([text = text] { return parse_cdi_spec("x.json", text); },
                     ErrorCode::invalid_argument,
                     message);
    }
}

TEST(CdiSpec, OfBrokenYamlIsRefusedWithTheLine) {
    const std::pair<const char*, const char*> cases[] = {
        {"cdiVersion: [", "not YAML: line 1, column 1: "},
        {"kind: a\nkind: b\n", "line 2, column 1: the field \"kind\" is there twice"},
        {"? [a]\n: b\n", "line 1, column 3: the name of a field must be a word"},
        {"devices: &again\n- *again\n", "nested too deep"},
        {"cdiVersion: 1.0.0\nkind: v.com/c\ndevices:\n- name: a\n  containerEdits:\n"
         "    deviceNodes: [{path: /dev/a, major: many}]\n",
         "deviceNodes[0].major must be a number, not a string"},
        {"", "the document must be an object, not null"},
    };
    for (const auto& [text, message] : cases) {
        expect_error([text = text] { return parse_cdi_spec("x.yaml", text); },
                     ErrorCode::invalid_argument,
                     message);
    }
}

class CdiRegistryTest : public testing::Test {
  protected:
    /// A file whose devices tell by a variable where they are from.
    void add(const std::string& file, const std::string& kind, const std::string& device) {
        files_.write(file,
                     R"({"cdiVersion": "0.5.0", "kind": ")" + kind +
                         R"(", "devices": [{"name": ")" + device +
                         R"(", "containerEdits": {"env": ["FROM=)" + file + "\"]}}]}");
    }
    [[nodiscard]] CdiRegistry load() const { return CdiRegistry({files_ / "etc", files_ / "run"}); }

    TemporaryDirectory files_;
};

TEST_F(CdiRegistryTest, OfAGuestWithoutFilesKnowsNothing) {
    EXPECT_FALSE(load().knows("v.com/c"));
}

TEST_F(CdiRegistryTest, ReadsJsonAndYamlAndNothingElse) {
    add("etc/a.json", "v.com/a", "0");
    files_.write("run/b.yaml", "cdiVersion: 0.5.0\nkind: v.com/b\ndevices: [{name: x}]\n");
    files_.write("run/c.yaml.bak", "not read");
    files_.write("run/d.json/e.json", "not read, either");
    const CdiRegistry registry = load();
    EXPECT_TRUE(registry.knows("v.com/a"));
    EXPECT_TRUE(registry.knows("v.com/b"));
    EXPECT_EQ(registry.find({"v.com/b", "x"}).spec.path, files_ / "run/b.yaml");
}

TEST_F(CdiRegistryTest, PrefersWhatIsMadeWhileTheGuestRuns) {
    add("etc/b.json", "v.com/a", "0");
    add("etc/c.json", "v.com/a", "1");
    add("run/a.json", "v.com/a", "0");
    const CdiRegistry registry = load();
    EXPECT_THAT(registry.find({"v.com/a", "0"}).device.edits.environment,
                ElementsAre("FROM=run/a.json"));
    EXPECT_THAT(registry.find({"v.com/a", "1"}).device.edits.environment,
                ElementsAre("FROM=etc/c.json"));
}

TEST_F(CdiRegistryTest, RefusesADeviceThatTwoFilesOfADirectoryHave) {
    add("etc/a.json", "v.com/a", "0");
    add("etc/b.json", "v.com/a", "0");
    add("etc/c.json", "v.com/a", "1");
    const CdiRegistry registry = load();
    expect_error(
        [&] {
            return registry.find({"v.com/a", "0"});
        },
        ErrorCode::invalid_argument,
        "two CDI specifications of the guest have \"v.com/a=0\": " +
            (files_ / "etc/a.json").native() + " and " + (files_ / "etc/b.json").native());
    EXPECT_EQ(registry.find({"v.com/a", "1"}).device.name, "1");
    add("run/d.json", "v.com/a", "0");
    EXPECT_EQ(load().find({"v.com/a", "0"}).spec.path, files_ / "run/d.json");
}

TEST_F(CdiRegistryTest, NamesTheDevicesThereAreForOneThatIsNot) {
    add("etc/a.json", "v.com/a", "1");
    add("run/b.json", "v.com/a", "0");
    add("run/c.json", "v.com/a", "1");
    add("run/d.json", "v.com/other", "2");
    expect_error(
        [&] {
            return load().find({"v.com/a", "2"});
        },
        ErrorCode::not_found,
        "the guest has no device \"v.com/a=2\"; of v.com/a it has 0, 1");
}

TEST_F(CdiRegistryTest, RefusesFilesItCannotRead) {
    files_.write("etc/a.json", "{}");
    expect_error([&] { return load(); },
                 ErrorCode::invalid_argument,
                 (files_ / "etc/a.json").native() + "\": cdiVersion is missing");
}

}  // namespace
}  // namespace kata::agent::guest
