// The table of configuration keys, and what is written about it elsewhere: configuration.toml.in
// and the manual pages.
#include <algorithm>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/file.h"
#include "pkg/sandbox/config/load.h"
#include "pkg/sandbox/config/value.h"
#include "pkg/sandbox/sizing.h"
#include "tests/unit/sandbox/other_value.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using testing::HasSubstr;

const std::filesystem::path kSource = KATA_SOURCE_DIR;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

std::vector<ConfigKey> file_keys() {
    std::vector<ConfigKey> keys;
    std::ranges::copy_if(config_keys(), std::back_inserter(keys), [](const ConfigKey& key) {
        return !key.section.empty();
    });
    return keys;
}

TEST(ConfigKeys, HaveNamesOfTheirOwn) {
    std::set<std::string> names;
    std::set<std::string> annotations;
    for (const ConfigKey& key : config_keys()) {
        EXPECT_TRUE(names.insert(dotted_name(key)).second) << dotted_name(key);
        if (!key.annotation.empty()) {
            EXPECT_TRUE(annotations.insert(annotation_of(key)).second) << annotation_of(key);
        }
    }
}

TEST(ConfigKeys, HaveTextsAndDefaultsThatTheyTake) {
    for (const ConfigKey& key : file_keys()) {
        EXPECT_FALSE(key.text.empty()) << dotted_name(key);
        EXPECT_TRUE(takes_value(key, default_value(key))) << dotted_name(key);
    }
}

TEST(ConfigKeys, HaveTheDefaultsOfTheBuiltInConfiguration) {
    for (const ConfigKey& key : file_keys()) {
        if (key.set != nullptr) {
            RuntimeConfig config = built_in_config();
            config.valid_values.clear();
            key.set(config, default_value(key));
            std::erase_if(config.valid_values,
                          [](const auto& list) { return list.second.empty(); });
            EXPECT_TRUE(config == built_in_config()) << dotted_name(key);
        }
    }
}

/// `key` is another way to say what `other` says.
bool say_the_same(const ConfigKey& key, const ConfigKey& other) {
    constexpr std::string_view kSaidTwice = "create_container_timeout";
    return key.name == kSaidTwice && other.name == kSaidTwice;
}

// A setter that does nothing, or writes what another key decides, leaves no trace here.
TEST(ConfigKeys, DecideEachOneThingThatNoOtherKeyDecides) {
    for (const ConfigKey& key : file_keys()) {
        if (key.set == nullptr || (key.name == "default_vcpus" && host_size().cpus == 1)) {
            continue;
        }
        RuntimeConfig config = built_in_config();
        key.set(config, other_value(key));
        for (const ConfigKey& other : file_keys()) {
            if (other.set != nullptr && dotted_name(other) != dotted_name(key) &&
                !say_the_same(key, other)) {
                other.set(config, default_value(other));
            }
        }
        std::erase_if(config.valid_values, [](const auto& list) { return list.second.empty(); });
        EXPECT_FALSE(config == built_in_config()) << dotted_name(key);
    }
}

TEST(ConfigKeys, NameListsThatThereAre) {
    for (const ConfigKey& key : config_keys()) {
        if (!key.allowed_by.empty()) {
            EXPECT_NE(find_config_key("hypervisor.qemu", key.allowed_by), nullptr)
                << dotted_name(key);
        }
    }
}

/// The number of settings that are read from a file of Kata Containers, commented ones included.
std::size_t settings_in(const std::string& name) {
    const std::string text = base::read_file(std::filesystem::path(KATA_TEST_DATA) / name);
    test::TemporaryDirectory directory;
    const auto file = directory / "configuration.toml";
    base::write_file_atomically(file,
                                std::regex_replace(text, std::regex("#([a-z_0-9]+ *=)"), "$1"));
    return read_config_file(file).size();
}

TEST(ConfigKeys, IncludeThoseOfKataContainers) {
    EXPECT_EQ(settings_in("kata-1.toml"), 56U);
    EXPECT_EQ(settings_in("kata-3.toml"), 128U);
    EXPECT_EQ(settings_in("kata-3-rs.toml"), 201U);
}

// What the template shows as defaults are the defaults, of every key with an effect and no other.
TEST(ConfigTemplate, ShowsEveryEffectiveKeyWithItsDefault) {
    std::string text = base::read_file(kSource / "configuration/configuration.toml.in");
    text = replaced(text, "@GUESTDIR@", built_in_config().kernel.parent_path());
    text = std::regex_replace(text, std::regex("\n#([a-z_0-9]+ = )"), "\n$1");
    test::TemporaryDirectory directory;
    const auto file = directory / "configuration.toml";
    base::write_file_atomically(file, text);

    std::set<std::string> shown;
    for (const Setting& setting : read_config_file(file)) {
        shown.insert(setting.name);
        EXPECT_TRUE(setting.value == default_value(*setting.key)) << setting.name;
    }
    std::set<std::string> effective;
    for (const ConfigKey& key : file_keys()) {
        if (key.set != nullptr) {
            effective.insert(dotted_name(key));
        }
    }
    EXPECT_EQ(shown, effective);
}

/// The key's entry in configuration.toml(5).
std::string manual_entry(const ConfigKey& key) {
    if (key.name == "*") {
        return "*every other key*\n\tNo effect: " + std::string(key.text) + ".";
    }
    const std::string about = "*" + std::string(key.name) + "* (" + allowed_values(key) +
                              "; default: " + std::string(key.fallback) + ")\n\t";
    return about + (key.set != nullptr ? std::string(key.text)
                                       : "No effect: " + std::string(key.text) + ".");
}

std::string manual_of_keys() {
    std::string text;
    std::string_view section;
    for (const ConfigKey& key : file_keys()) {
        if (key.section != section) {
            section = key.section;
            text += "## [" + std::string(section) + "]\n\n";
        }
        text += manual_entry(key) + "\n\n";
    }
    return text;
}

TEST(ConfigManual, ListsEveryKeyAsTheTableHasIt) {
    const std::string page = base::read_file(kSource / "man/configuration.toml.5.scd");
    EXPECT_THAT(page, HasSubstr(manual_of_keys()));
}

std::string about_annotation(const ConfigKey& key) {
    const std::string text(key.text);
    if (key.set == nullptr) {
        return "No effect: " + allowed_values(key) + "; " + text + ".";
    }
    if (key.section.empty()) {
        return "Takes " + allowed_values(key) + ", " + text + ".";
    }
    return "Overrides *" + dotted_name(key) + "*: " + allowed_values(key) + ".";
}

std::string manual_of_annotations() {
    std::string text;
    for (const ConfigKey& key : config_keys()) {
        if (key.annotation.empty()) {
            continue;
        }
        text += "*" + annotation_of(key) + "*\n\t" + about_annotation(key);
        if (!key.allowed_by.empty()) {
            text += " Restricted by *" + std::string(key.allowed_by) + "*.";
        }
        text += "\n\n";
    }
    return text;
}

TEST(AnnotationManual, ListsEveryAnnotationAsTheTableHasIt) {
    const std::string page = base::read_file(kSource / "man/kata-annotations.7.scd");
    EXPECT_THAT(page, HasSubstr(manual_of_annotations()));
}

}  // namespace
}  // namespace kata::sandbox
