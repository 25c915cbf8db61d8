#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/sandbox/config/annotations.h"
#include "pkg/sandbox/config/key.h"
#include "pkg/sandbox/config/value.h"
#include "pkg/sandbox/sizing.h"
#include "tests/unit/sandbox/other_value.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using test::expect_error;
using test::failure_of;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kQemuName = "io.katacontainers.config.hypervisor.";

RuntimeConfig permitting_all() {
    RuntimeConfig config = built_in_config();
    config.file = "/etc/kata-containers/configuration.toml";
    config.enable_annotations = {".*"};
    for (const ConfigKey& key : config_keys()) {
        if (!key.allowed_by.empty()) {
            config.valid_values[std::string(key.allowed_by)] = {"/dev/null"};
        }
    }
    return config;
}

std::vector<ConfigKey> annotated_keys() {
    std::vector<ConfigKey> keys;
    std::ranges::copy_if(config_keys(), std::back_inserter(keys), [](const ConfigKey& key) {
        return !key.annotation.empty();
    });
    return keys;
}

/// A value that the annotation takes and that is not the default, on every host with two CPUs.
std::string good_value(const ConfigKey& key) {
    if (key.name == "machine_accelerators") {
        return "nvdimm";
    }
    if (key.name == "virtio_fs_extra_args") {
        return "--xattr";
    }
    switch (key.type) {
        case ValueType::flag:
            return std::get<bool>(other_value(key)) ? "true" : "false";
        case ValueType::whole:
        case ValueType::number:
            return std::to_string(other_number(key));
        case ValueType::path:
            return "/dev/null";
        case ValueType::tables:
            return "[]";
        case ValueType::texts:
        case ValueType::patterns:
            return "word";
        default:
            return std::get<std::string>(other_value(key));
    }
}

/// Those of one container change its specification, and nothing of the sandbox's configuration.
bool changes_configuration(const ConfigKey& key) {
    return key.set != nullptr && !key.annotation.starts_with("container.") &&
           (key.name != "default_vcpus" || host_size().cpus > 1);
}

/// One that it does not take; empty: it takes every text.
std::string bad_value(const ConfigKey& key) {
    switch (key.type) {
        case ValueType::flag:
            return "yes";
        case ValueType::whole:
        case ValueType::number:
            return std::to_string(key.rule.most) + "0";
        case ValueType::path:
        case ValueType::guest_path:
            return "relative";
        case ValueType::digest:
            return std::string(127, 'a');
        case ValueType::tables:
            return "{}";
        case ValueType::texts:
            return "[1]";
        default:
            return key.rule.words.empty() ? "" : "nonsense";
    }
}

class EachAnnotation : public testing::TestWithParam<ConfigKey> {
  protected:
    std::string name_ = annotation_of(GetParam());

    [[nodiscard]] AnnotatedConfig obey(const RuntimeConfig& config, const std::string& text) const {
        return annotated_config(config, {{name_, text}});
    }
};

TEST_P(EachAnnotation, IsObeyedOrSaidToHaveNoEffectWhereItIsPermitted) {
    const ConfigKey& key = GetParam();
    RuntimeConfig config = permitting_all();
    if (key.name == "config_path") {
        config.file = "/dev/null";
    }
    if (key.name == "disable_new_netns") {
        config.internetworking_model = InternetworkingModel::none;
    }
    if (key.name.ends_with("_plug_vfio")) {
        config.machine.default_bridges = 1;
    }
    if (key.name.starts_with("firmware_")) {
        config.machine.firmware = "/dev/null";
    }
    const AnnotatedConfig result = obey(config, good_value(key));
    EXPECT_EQ(result.config.annotations.count(name_), key.set != nullptr ? 1U : 0U);
    EXPECT_EQ(result.warnings.size(), key.set != nullptr ? 0U : 1U);
    RuntimeConfig changed = result.config;
    changed.annotations.clear();
    EXPECT_EQ(changed == config, !changes_configuration(key));
    EXPECT_TRUE(with_accepted_annotations(config, result.config.annotations) == result.config);
}

TEST_P(EachAnnotation, IsRefusedWithTheLineThatWouldPermitItWhereItIsNot) {
    RuntimeConfig config = permitting_all();
    config.enable_annotations = {"nothing", "kernel_"};
    if (!name_.starts_with(kQemuName)) {
        GTEST_SUCCEED();
        return;
    }
    const auto error = failure_of([&] { return obey(config, good_value(GetParam())); });
    EXPECT_EQ(error.code(), ErrorCode::permission_denied);
    EXPECT_THAT(error.what(), HasSubstr(name_));
    EXPECT_THAT(error.what(),
                HasSubstr("enable_annotations = [\"nothing\", \"kernel_\", \"" +
                          name_.substr(std::string(kQemuName).size()) + "\"]"));
    EXPECT_THAT(error.what(), HasSubstr("\"/etc/kata-containers/configuration.toml\""));
}

TEST_P(EachAnnotation, IsRefusedWithTheValuesItTakesForAnyOther) {
    if (const std::string bad = bad_value(GetParam()); !bad.empty()) {
        const auto error = failure_of([&] { return obey(permitting_all(), bad); });
        EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
        EXPECT_THAT(error.what(), HasSubstr(name_));
        EXPECT_THAT(error.what(), HasSubstr("must be " + allowed_values(GetParam())));
        EXPECT_THAT(error.what(), HasSubstr("\"" + bad + "\""));
    }
}

TEST_P(EachAnnotation, IsRefusedForAPathThatNoPatternMatchesIfItIsRestricted) {
    if (GetParam().allowed_by.empty()) {
        return;
    }
    const std::string line =
        std::string(GetParam().allowed_by) + " = [\"/dev/null\", \"/dev/zero\"]";
    expect_error(
        [&] { return obey(permitting_all(), "/dev/zero"); }, ErrorCode::permission_denied, line);
}

INSTANTIATE_TEST_SUITE_P(All,
                         EachAnnotation,
                         testing::ValuesIn(annotated_keys()),
                         [](const auto& test) {
                             std::string name(test.param.section);
                             name += "_" + std::string(test.param.name);
                             std::ranges::replace_if(
                                 name, [](char c) { return c == '.' || c == '-'; }, '_');
                             return name;
                         });

class Annotations : public testing::Test {
  protected:
    [[nodiscard]] RuntimeConfig obey(const std::map<std::string, std::string>& annotations) const {
        return annotated_config(config_, annotations).config;
    }
    RuntimeConfig config_ = permitting_all();
};

TEST_F(Annotations, ChangeWhatTheyName) {
    config_.kernel_params = "quiet a=1 b";
    const RuntimeConfig changed =
        obey({{"io.katacontainers.config.hypervisor.default_memory", "512"},
              {"io.katacontainers.config.hypervisor.default_vcpus", "0.5"},
              {"io.katacontainers.config.hypervisor.kernel_params", "a=2  c"},
              {"io.katacontainers.config.hypervisor.machine_type", "pc"},
              {"io.katacontainers.config.hypervisor.use_vsock", "T"},
              {"io.katacontainers.config.runtime.internetworking_model", "none"}});
    EXPECT_EQ(changed.default_memory_mib, 512U);
    EXPECT_EQ(changed.default_vcpus, 1U);
    EXPECT_EQ(changed.kernel_params, "quiet b a=2 c");
    EXPECT_EQ(changed.machine_type, "pc");
    EXPECT_TRUE(changed.use_vsock);
    EXPECT_EQ(changed.internetworking_model, InternetworkingModel::none);
}

TEST_F(Annotations, OfOthersAndEmptyOnesChangeNothing) {
    const RuntimeConfig changed = obey({{"io.kubernetes.cri.sandbox-memory", "x"},
                                        {"org.example", "1"},
                                        {"io.katacontainers.config.hypervisor.kernel", ""}});
    EXPECT_TRUE(changed == config_);
}

TEST_F(Annotations, ThatAreNotKnownAreRefusedWithTheNearest) {
    expect_error(
        [&] {
            return obey({{std::string(kQemuName) + "default_memry", "512"}});
        },
        ErrorCode::invalid_argument,
        "did you mean \"io.katacontainers.config.hypervisor.default_memory\"?");
    EXPECT_EQ(annotated_config(config_, {{"io.katacontainers.other", "1"}}).warnings.size(), 1U);
}

TEST_F(Annotations, ArePermittedByExpressionsThatMatchTheWholeName) {
    config_.enable_annotations = {"path", "default_(memory|vcpus)"};
    EXPECT_EQ(obey({{std::string(kQemuName) + "default_memory", "512"}}).default_memory_mib, 512U);
    for (const char* name :
         {"jailer_path", "vhost_user_store_path", "default_memory_x", "kernel"}) {
        EXPECT_NE(test::error_of([&] {
                      return obey({{std::string(kQemuName) + name, "/dev/null"}});
                  }),
                  std::nullopt)
            << name;
    }
}

TEST_F(Annotations, ThatAreRestrictedAreJudgedByWhatTheyPointTo) {
    test::TemporaryDirectory directory;
    const auto allowed = directory / "allowed";
    std::filesystem::create_directory(allowed);
    base::write_file_atomically(directory / "elsewhere", "x");
    std::filesystem::create_symlink(directory / "elsewhere", allowed / "link");
    base::write_file_atomically(allowed / "program", "x");
    const auto root = std::filesystem::canonical(allowed);
    config_.valid_values["valid_hypervisor_paths"] = {root.native() + "/*"};
    const std::string name = std::string(kQemuName) + "path";
    EXPECT_EQ(obey({{name, allowed / "program"}}).emulator, (root / "program").native());
    for (const char* file : {"link", "../elsewhere", "sub/../../elsewhere"}) {
        const auto error = test::error_of([&] { return obey({{name, allowed / file}}); });
        EXPECT_TRUE(error.has_value()) << file;
    }
    expect_error(
        [&] {
            return obey({{name, allowed / "missing"}});
        },
        ErrorCode::not_found,
        "No such file");
}

TEST_F(Annotations, CannotAskForMoreCpusThanTheHostHas) {
    expect_error(
        [&] {
            return obey({{std::string(kQemuName) + "default_max_vcpus", "240"}});
        },
        ErrorCode::invalid_argument,
        "the CPUs of this host");
    expect_error(
        [&] {
            return obey({{std::string(kQemuName) + "default_vcpus", "nan"}});
        },
        ErrorCode::invalid_argument,
        "must be a number from -2147483648 to 240");
}

TEST_F(Annotations, AreRefusedWithTheFileThatWouldPermitThemIfThereIsNoneYet) {
    config_.file.clear();
    config_.enable_annotations.clear();
    expect_error(
        [&] {
            return obey({{std::string(kQemuName) + "default_vcpus", "1"}});
        },
        ErrorCode::permission_denied,
        "in \"" + default_config_paths().front().native() + "\"");
}

TEST_F(Annotations, CannotChooseAnotherConfiguration) {
    expect_error(
        [&] {
            return obey({{"io.katacontainers.config_path", "/dev/zero"}});
        },
        ErrorCode::permission_denied,
        "cannot choose its configuration");
}

TEST_F(Annotations, OfAnImageOrAnInitrdTakeThePlaceOfBoth) {
    const std::string image = std::string(kQemuName) + "image";
    const std::string initrd = std::string(kQemuName) + "initrd";
    config_.image = "/image";
    EXPECT_EQ(obey({{initrd, "/dev/null"}}).image, "");
    config_.image.clear();
    config_.initrd = "/initrd";
    const RuntimeConfig changed = obey({{image, "/dev/null"}});
    EXPECT_EQ(changed.image, "/dev/null");
    EXPECT_EQ(changed.initrd, built_in_config().initrd);
    expect_error(
        [&] {
            return obey({{image, "/dev/null"}, {initrd, "/dev/null"}});
        },
        ErrorCode::invalid_argument,
        "image and initrd cannot both be set");
}

TEST_F(Annotations, ThatContradictTheConfigurationAreRefused) {
    expect_error(
        [&] {
            return obey({{"io.katacontainers.config.runtime.disable_new_netns", "true"}});
        },
        ErrorCode::invalid_argument,
        "disable_new_netns");
}

TEST_F(Annotations, AreShownWithoutControlCharactersWhenTheyAreRefused) {
    const auto error = failure_of([&] {
        return obey({{std::string(kQemuName) + "use_vsock", "\x1b[31m\n\"x"}});
    });
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("\x1b")));
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace kata::sandbox
