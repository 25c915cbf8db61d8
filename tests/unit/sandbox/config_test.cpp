#include "pkg/sandbox/config.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using test::expect_error;
using test::failure_of;

class ConfigTest : public ::testing::Test {
  protected:
    RuntimeConfig load(const std::string& text) {
        base::write_file_atomically(file_, text);
        return load_config(file_);
    }
    std::string refusal(const std::string& text) {
        const auto error = failure_of([&] { return load(text); });
        EXPECT_EQ(error.code(), base::ErrorCode::invalid_argument) << text;
        return error.what();
    }

    test::TemporaryDirectory directory_;
    std::filesystem::path file_ = directory_.path() / "configuration.toml";
};

TEST_F(ConfigTest, SetsWhatTheFileNamesAndKeepsTheOtherDefaults) {
    const RuntimeConfig config = load(
        "[hypervisor.qemu]\nkernel = \"/k\"\ndefault_memory = 512\naccelerator = \"tcg\"\n"
        "[libvirt]\nuri = \"qemu+unix:///system?socket=/x\"\n");
    EXPECT_EQ(config.kernel, "/k");
    EXPECT_EQ(config.initrd, built_in_config().initrd);
    EXPECT_EQ(config.default_memory_mib, 512U);
    EXPECT_EQ(config.accelerator, Accelerator::tcg);
    EXPECT_EQ(config.libvirt_uri, "qemu+unix:///system?socket=/x");
}

TEST_F(ConfigTest, NamesFileAndLineOfAnUnknownKey) {
    const std::string message = refusal("[hypervisor.qemu]\n\nkernal = \"/k\"\n");
    EXPECT_NE(message.find(file_.native() + "\", line 3"), std::string::npos) << message;
    EXPECT_NE(message.find("hypervisor.qemu.kernal"), std::string::npos) << message;
}

TEST_F(ConfigTest, NamesTheAllowedValues) {
    EXPECT_NE(refusal("[hypervisor.qemu]\nmachine_type = \"virt\"\n").find("\"q35\" or \"pc\""),
              std::string::npos);
    EXPECT_NE(refusal("[hypervisor.qemu]\ndefault_vcpus = 241\n").find("from -1 to 240"),
              std::string::npos);
    EXPECT_NE(refusal("[hypervisor.qemu]\ndefault_vcpus = \"2\"\n").find("a number"),
              std::string::npos);
    EXPECT_NE(refusal("[hypervisor.qemu]\ninitrd = \"relative\"\n").find("absolute path"),
              std::string::npos);
    EXPECT_NE(refusal("[runtime]\nenable_debug = 1\n").find("true or false"), std::string::npos);
}

TEST_F(ConfigTest, TakesAnImageOrAnInitrd) {
    const std::string image = "[hypervisor.qemu]\nimage = \"/image\"\n";
    EXPECT_EQ(load(image).image, "/image");
    EXPECT_EQ(load(image + "initrd = \"\"\n").initrd, "");
    EXPECT_EQ(load(image + "initrd = \"" + built_in_config().initrd.native() + "\"\n").image,
              "/image");
    EXPECT_NE(refusal(image + "initrd = \"/initrd\"\n").find("cannot both be set"),
              std::string::npos);
    EXPECT_NE(
        refusal("[hypervisor.qemu]\ninitrd = \"\"\n")
            .find("one of \"hypervisor.qemu.image\" and \"hypervisor.qemu.initrd\" must be set"),
        std::string::npos);
}

TEST_F(ConfigTest, NamesTheLineOfASyntaxError) {
    EXPECT_NE(refusal("[runtime]\nenable_debug = \n").find("line 2"), std::string::npos);
}

TEST_F(ConfigTest, RefusesANamedFileThatIsMissing) {
    expect_error([&] { return load_config(directory_ / "missing.toml"); },
                 base::ErrorCode::not_found,
                 "missing.toml");
}

}  // namespace
}  // namespace kata::sandbox
