// What the values of annotations mean: what is refused and by which name, what is taken as
// something else, and what a configuration with them is made of.
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/file.h"
#include "pkg/sandbox/config/annotations.h"
#include "pkg/sandbox/config/key.h"
#include "pkg/sandbox/config/value.h"
#include "tests/unit/support/expect_error.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using test::expect_error;
using testing::HasSubstr;

constexpr const char* kQemuName = "io.katacontainers.config.hypervisor.";

RuntimeConfig permitting_all() {
    RuntimeConfig config = built_in_config();
    config.enable_annotations = {".*"};
    return config;
}

RuntimeConfig obeyed(const std::map<std::string, std::string>& annotations) {
    return annotated_config(permitting_all(), annotations).config;
}

TEST(AnnotationValues, WhoseWordsCannotBeUnderstoodAreNamed) {
    const std::vector<std::pair<const char*, const char*>> refused = {
        {"cpu_features", "avx2=maybe"},
        {"cpu_features", "+"},
        {"machine_accelerators", "smm=perhaps"},
        {"machine_accelerators", "kernel_irqchip=off"},
        {"block_device_aio", "native"},
        {"block_device_queue_size", "100"},
        {"blk_logical_sector_size", "513"}};
    for (const auto& [name, value] : refused) {
        expect_error(
            [&] {
                return obeyed({{std::string(kQemuName) + name, value},
                               {std::string(kQemuName) + "default_memory", "512"}});
            },
            ErrorCode::invalid_argument,
            "cannot obey annotation \"" + std::string(kQemuName) + name + "\": ");
    }
}

TEST(AnnotationValues, ThatAreTakenAsAnotherWordSaySo) {
    const auto result =
        annotated_config(permitting_all(),
                         {{std::string(kQemuName) + "block_device_driver", "nvdimm"},
                          {"io.katacontainers.config.runtime.internetworking_model", "bridged"}});
    EXPECT_EQ(result.config.block_device_driver, DiskDriver::virtio_blk);
    EXPECT_EQ(result.config.internetworking_model, InternetworkingModel::tcfilter);
    EXPECT_THAT(result.warnings,
                testing::ElementsAre(HasSubstr("\"virtio-blk\" is used"),
                                     HasSubstr("\"tcfilter\" is used")));
}

// The documents write two of them so.
TEST(AnnotationValues, MayHaveAStrayQuoteAtTheEndOfTheirName) {
    const RuntimeConfig changed =
        obeyed({{"io.katacontainers.container.resource.swappiness\"", "40"},
                {std::string(kQemuName) + "default_memory\"", "512"}});
    EXPECT_EQ(changed.default_memory_mib, 512U);
    EXPECT_EQ(changed.annotations.count("io.katacontainers.container.resource.swappiness"), 1U);
}

TEST(AnnotationValues, AreTheOriginOfWhatTheyDecide) {
    LoadedConfig loaded;
    loaded.config = built_in_config();
    loaded.config.kernel_params = "ours";
    loaded =
        with_accepted_annotations(std::move(loaded),
                                  {{std::string(kQemuName) + "kernel_params", "theirs"},
                                   {std::string(kQemuName) + "image", "/image"},
                                   {std::string(kQemuName) + "kernel_hash", std::string(128, 'a')},
                                   {"io.katacontainers.enable_vcpus_pinning", "true"},
                                   {"io.katacontainers.of_a_later_version", "1"}});
    const auto value_of = [&](const char* name) {
        const Setting& setting = loaded.settings.at(name);
        EXPECT_THAT(place_of(setting), testing::StartsWith("annotation io.katacontainers."));
        return toml_text(setting.value);
    };
    EXPECT_EQ(value_of("hypervisor.qemu.kernel_params"), "\"ours theirs\"");
    EXPECT_EQ(value_of("hypervisor.qemu.image"), "\"/image\"");
    EXPECT_EQ(value_of("hypervisor.qemu.initrd"), toml_quoted(built_in_config().initrd.native()));
    EXPECT_EQ(value_of("runtime.enable_vcpus_pinning"), "true");
    EXPECT_EQ(value_of("io.katacontainers.config.hypervisor.kernel_hash"),
              toml_quoted(std::string(128, 'a')));
    EXPECT_EQ(loaded.settings.size(), 5U);
    EXPECT_TRUE(loaded.config.enable_vcpus_pinning);
    EXPECT_EQ(loaded.config.kernel_params, "ours theirs");
}

constexpr const char* kExtraArguments = "io.katacontainers.config.hypervisor.virtio_fs_extra_args";

TEST(VirtiofsdAnnotation, AddsToTheAdministratorsArgumentsHoweverItIsWritten) {
    RuntimeConfig config = permitting_all();
    config.virtio_fs_extra_args = {"--thread-pool-size=4"};
    for (const char* text : {R"(["-o", "writeback"])", "-o, writeback"}) {
        const AnnotatedConfig result = annotated_config(config, {{kExtraArguments, text}});
        EXPECT_THAT(result.config.virtio_fs_extra_args,
                    testing::ElementsAre("--thread-pool-size=4", "-o", "writeback"));
        EXPECT_TRUE(with_accepted_annotations(config, result.config.annotations) == result.config);
    }
}

TEST(VirtiofsdAnnotation, IsRefusedIfItChangesWhatIsServedAlsoWhereItIsPermitted) {
    for (const char* text :
         {"--shared-dir=/", R"(["-o source=/"])", R"(["-o","xattr,sandbox=none"])"}) {
        expect_error(
            [&] {
                return annotated_config(permitting_all(), {{kExtraArguments, text}});
            },
            ErrorCode::invalid_argument,
            "cannot obey annotation "
            "\"io.katacontainers.config.hypervisor.virtio_fs_extra_args\": ");
    }
}

// Every name in the documents of Kata Containers 1 to 3.
TEST(AnnotationNames, AreAllKnown) {
    const std::string text =
        base::read_file(std::filesystem::path(KATA_TEST_DATA) / "kata-annotations");
    std::istringstream lines(text);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        EXPECT_NE(find_annotation("io.katacontainers." + line), nullptr) << line;
    }
    EXPECT_GT(count, 80U);
}

TEST(AnnotationValues, OfListsAreReadInEveryForm) {
    const auto list = [](const char* annotation, const char* text) {
        return std::get<std::vector<std::string>>(
            parse_annotation_value(*find_annotation(annotation), text).value());
    };
    EXPECT_THAT(list("io.katacontainers.config.agent.kernel_modules", "e1000e EEE=1; i915 ;"),
                testing::ElementsAre("e1000e EEE=1", "i915"));
    EXPECT_THAT(
        list("io.katacontainers.config.hypervisor.virtio_fs_extra_args", R"(["--a", "-o b,c"])"),
        testing::ElementsAre("--a", "-o b,c"));
    EXPECT_THAT(list("io.katacontainers.config.runtime.experimental", "a, b c"),
                testing::ElementsAre("a", "b", "c"));
}

}  // namespace
}  // namespace kata::sandbox
