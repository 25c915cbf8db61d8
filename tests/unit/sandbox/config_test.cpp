#include "pkg/sandbox/config.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/sandbox/config/load.h"
#include "pkg/sandbox/sizing.h"
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
    EXPECT_NE(refusal("[hypervisor.qemu]\ndefault_vcpus = 241\n").find("from -2147483648 to 240"),
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

TEST_F(ConfigTest, NamesTheLinesOfSettingsThatExcludeEachOther) {
    const std::vector<std::pair<const char*, const char*>> refused = {
        {"block_device_logical_sector_size = 3", "logical_sector_size\" is set in \""},
        {"queue_size = 100", "\"hypervisor.qemu.queue_size\" is set in \""},
        {"block_device_aio = \"native\"", "\"hypervisor.qemu.block_device_aio\" is set in \""},
        {"virtio_fs_queue_size = 1000", "queue_size\" is set in \""},
        {"cpu_features = \"?\"", "\"hypervisor.qemu.cpu_features\" is set in \""}};
    for (const auto& [line, words] : refused) {
        const std::string message = refusal(std::string("[hypervisor.qemu]\n\n") + line + "\n");
        EXPECT_NE(message.find(words + file_.native() + "\", line 3)"), std::string::npos)
            << message;
    }
}

TEST_F(ConfigTest, TakesTheNumbersThatTheDocumentsSayAreMadeToFit) {
    const RuntimeConfig config =
        load("[hypervisor.qemu]\ndefault_bridges = 7\nmsize_9p = 0\ndefault_vcpus = -2\n");
    EXPECT_EQ(config.machine.default_bridges, 5U);
    EXPECT_EQ(config.msize_9p, 8192U);
    EXPECT_EQ(config.default_vcpus, host_size().cpus);
    EXPECT_EQ(load("[hypervisor.qemu]\nmsize_9p = 1\n").msize_9p, 4096U);
}

TEST_F(ConfigTest, TakesWordsOfKataContainersAsOthersAndSaysSo) {
    base::write_file_atomically(
        file_,
        "[hypervisor.qemu]\nblock_device_driver = \"nvdimm\"\nshared_fs = \"virtio-fs-nydus\"\n"
        "[runtime]\ninternetworking_model = \"bridged\"\n");
    const LoadedConfig loaded = load_single_config(file_);
    EXPECT_EQ(loaded.config.block_device_driver, DiskDriver::virtio_blk);
    EXPECT_EQ(loaded.config.shared_fs, SharedFs::virtio_fs);
    EXPECT_EQ(loaded.config.internetworking_model, InternetworkingModel::tcfilter);
    EXPECT_EQ(settings_without_effect(loaded),
              (std::vector<std::string>{
                  "hypervisor.qemu.block_device_driver (\"" + file_.native() +
                      "\", line 2): \"nvdimm\" is not served, \"virtio-blk\" is used",
                  "hypervisor.qemu.shared_fs (\"" + file_.native() +
                      "\", line 3): \"virtio-fs-nydus\" is not served, \"virtio-fs\" is used",
                  "runtime.internetworking_model (\"" + file_.native() +
                      "\", line 5): \"bridged\" is not served, \"tcfilter\" is used"}));
}

TEST_F(ConfigTest, NamesTheLineOfASyntaxError) {
    EXPECT_NE(refusal("[runtime]\nenable_debug = \n").find("line 2"), std::string::npos);
}

TEST_F(ConfigTest, NamesTheLineOfACharacterThatTheParserMayNotSee) {
    const std::string words = refusal("# é\n[hypervisor.qemu]\n\xEF\xBB\x9F = 1\n");
    EXPECT_NE(words.find("line 3: a character that is not ASCII"), std::string::npos) << words;
}

TEST_F(ConfigTest, RefusesANamedFileThatIsMissing) {
    expect_error([&] { return load_config(directory_ / "missing.toml"); },
                 base::ErrorCode::not_found,
                 "missing.toml");
}

}  // namespace
}  // namespace kata::sandbox
