// What the configuration, and annotations of the container, make of the guest: setup,
// specification, binds and kernel parameters.
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/oci/spec_json.h"
#include "pkg/sandbox/config/load.h"
#include "pkg/sandbox/guest_setup.h"
#include "pkg/sandbox/sandbox_bind_mounts.h"
#include "pkg/sandbox/spec_overrides.h"
#include "pkg/sandbox/vm_config_builder.h"
#include "tests/unit/support/expect_error.h"
#include "tests/unit/support/temporary_directory.h"

namespace kata::sandbox {
namespace {

using base::ErrorCode;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSwappiness = "io.katacontainers.container.resource.swappiness";
constexpr const char* kSwap = "io.katacontainers.container.resource.swap_in_bytes";

RuntimeConfig config_of(const std::string& text) {
    const test::TemporaryDirectory directory;
    directory.write("c.toml", text);
    return load_single_config(directory / "c.toml").config;
}

TEST(GuestOptions, AreReadFromTheFile) {
    const RuntimeConfig config = config_of(R"([hypervisor.qemu]
enable_debug = true
guest_hook_path = "/hooks"
[agent.kata]
enable_debug = true
kernel_modules = ["loop max_loop=8", "dummy"]
container_pipe_size = 8192
debug_console_enabled = true
[runtime]
disable_guest_seccomp = true
create_container_timeout = 90
sandbox_bind_mounts = ["/srv/a", "/srv/b:rw"]
)");
    EXPECT_TRUE(config.guest_debug && config.agent_debug && config.debug_console_enabled);
    EXPECT_TRUE(config.disable_guest_seccomp);
    EXPECT_FALSE(config.enable_debug);
    EXPECT_EQ(config.guest_hook_path, "/hooks");
    EXPECT_THAT(config.kernel_modules, ElementsAre("loop max_loop=8", "dummy"));
    EXPECT_EQ(config.container_pipe_size, 8192U);
    EXPECT_EQ(config.create_container_timeout.count(), 90);
    EXPECT_THAT(config.sandbox_bind_mounts, ElementsAre("/srv/a", "/srv/b:rw"));
}

TEST(GuestOptions, ThatCannotBeAreRefusedWithTheFile) {
    test::expect_error(
        [] { return config_of("[runtime]\nsandbox_bind_mounts = [\"/a/x\", \"/b/x\"]\n"); },
        ErrorCode::invalid_argument,
        "two paths that end with \"x\"");
}

TEST(GuestSetup, PartsModulesFromTheirParameters) {
    RuntimeConfig config;
    config.kernel_modules = {"e1000e InterruptThrottleRate=3000,3000 EEE=1", "  ", " i915 "};
    config.guest_hook_path = "/hooks";
    const SandboxSetup setup = guest_setup(config, "sb");
    ASSERT_EQ(setup.kernel_modules.size(), 2U);
    EXPECT_EQ(setup.kernel_modules[0].name, "e1000e");
    EXPECT_THAT(setup.kernel_modules[0].parameters,
                ElementsAre("InterruptThrottleRate=3000,3000", "EEE=1"));
    EXPECT_EQ(setup.kernel_modules[1].name, "i915");
    EXPECT_TRUE(setup.kernel_modules[1].parameters.empty());
    EXPECT_EQ(setup.hook_path, "/hooks");
    EXPECT_EQ(setup.sandbox_id, "sb");
    ASSERT_EQ(setup.storages.size(), 1U);
    EXPECT_EQ(setup.storages[0].mount_point, kGuestShareDir);
}

TEST(GuestKernelParameters, AreQuietUnlessTheGuestIsToTalk) {
    RuntimeConfig config;
    const std::string quiet = standard_kernel_parameters(config);
    EXPECT_THAT(quiet, HasSubstr(" quiet loglevel=3"));
    EXPECT_THAT(quiet, Not(HasSubstr("agent.")));
    config.guest_debug = true;
    const std::string talkative = standard_kernel_parameters(config);
    EXPECT_THAT(talkative, Not(HasSubstr("quiet")));
    EXPECT_THAT(talkative, HasSubstr(" console_msg_format=syslog"));
}

TEST(GuestKernelParameters, TellTheAgentItsOptions) {
    RuntimeConfig config;
    config.agent_debug = true;
    config.debug_console_enabled = true;
    config.container_pipe_size = 8192;
    EXPECT_THAT(standard_kernel_parameters(config),
                HasSubstr(" agent.log=debug agent.debug_console agent.container_pipe_size=8192"));
}

oci::Spec spec_with(const json& annotations, const json& linux_section = json::object()) {
    const json document = {{"ociVersion", "1.0.2"},
                           {"root", {{"path", "/r"}}},
                           {"annotations", annotations},
                           {"linux", linux_section}};
    return oci::parse_spec(document.dump(), "config.json");
}

json memory_with(const json& annotations, const json& linux_section = json::object()) {
    const oci::Spec spec = with_overrides(spec_with(annotations, linux_section), {});
    return spec.document.value("/linux/resources/memory"_json_pointer, json());
}

TEST(SpecOverrides, PutSwappinessAndSwapIntoTheSpecification) {
    const json limit = {{"resources", {{"memory", {{"limit", 1000}}}}}};
    EXPECT_EQ(memory_with({{kSwappiness, "0x3c"}}), json({{"swappiness", 60}}));
    EXPECT_EQ(memory_with({{kSwap, "1500"}}, limit), json({{"limit", 1000}, {"swap", 1500}}));
    EXPECT_EQ(with_overrides(spec_with({{kSwap, "1500"}}, limit), {}).linux_->resources.memory.swap,
              1500);
    EXPECT_EQ(memory_with({{kSwap, "0"}}), json());
}

TEST(SpecOverrides, ThatCannotBeNameTheAnnotation) {
    for (const char* bad : {"101", "-1", "", "many", "0x", "60 percent"}) {
        test::expect_error(
            [&] {
                return memory_with({{kSwappiness, bad}});
            },
            ErrorCode::invalid_argument,
            std::string("annotation \"") + kSwappiness + "\" must be a whole number from 0 to 100");
    }
    test::expect_error(
        [] {
            return memory_with({{kSwap, "lots"}});
        },
        ErrorCode::invalid_argument,
        std::string("annotation \"") + kSwap + "\" must be a whole number");
    test::expect_error(
        [] {
            return memory_with({{kSwap, "1500"}});
        },
        ErrorCode::invalid_argument,
        std::string("annotation \"") + kSwap + "\" needs a limit");
    test::expect_error(
        [] {
            return memory_with({{kSwap, "10"}}, {{"resources", {{"memory", {{"limit", 1000}}}}}});
        },
        ErrorCode::invalid_argument,
        "must not be less than the limit of memory, 1000");
}

TEST(SpecOverrides, LeaveSeccompOutWhereTheConfigurationSaysSo) {
    const json seccomp = {{"seccomp", {{"defaultAction", "SCMP_ACT_ALLOW"}}}};
    RuntimeConfig config;
    EXPECT_TRUE(with_overrides(spec_with({{"a", "b"}}, seccomp), config)
                    .document["linux"]
                    .contains("seccomp"));
    config.disable_guest_seccomp = true;
    EXPECT_FALSE(with_overrides(spec_with({{"a", "b"}}, seccomp), config)
                     .document["linux"]
                     .contains("seccomp"));
}

TEST(SandboxBindMounts, AreReadOnlyUnlessTheySayOtherwise) {
    const auto parsed = [](const char* text) { return parse_sandbox_bind_mount(text); };
    EXPECT_EQ(parsed("/srv/a"), (SandboxBindMount{"/srv/a", true}));
    EXPECT_EQ(parsed("/srv/a:ro"), (SandboxBindMount{"/srv/a", true}));
    EXPECT_EQ(parsed("/srv/a:rw"), (SandboxBindMount{"/srv/a", false}));
    EXPECT_EQ(parsed("/srv/a//:rw"), (SandboxBindMount{"/srv/a", false}));
    EXPECT_EQ(parsed("/srv/a:x"), (SandboxBindMount{"/srv/a:x", true}));
}

TEST(SandboxBindMounts, ThatTheGuestCannotTellApartAreRefused) {
    EXPECT_EQ(complaint_about_bind_mounts({"/srv/a", "/srv/b:rw"}), "");
    EXPECT_THAT(complaint_about_bind_mounts({"/srv/a", "/opt/a:rw"}),
                HasSubstr("two paths that end with \"a\""));
    for (const char* bad : {"srv/a", "", "/", "/srv/..", ":rw"}) {
        EXPECT_THAT(complaint_about_bind_mounts({bad}), HasSubstr("not the absolute path")) << bad;
    }
    RuntimeConfig config = built_in_config();
    config.sandbox_bind_mounts = {"/a/x", "/b/x"};
    EXPECT_THAT(contradiction_in(config), HasSubstr("runtime.sandbox_bind_mounts"));
}

class SharedBindMounts : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
            GTEST_SKIP() << "needs root and mount namespaces";
        }
        share_.create(journal_);
    }
    void TearDown() override {
        const auto effects = Journal::load(directory_ / "journal", log_);
        for (auto effect = effects.rbegin(); effect != effects.rend(); ++effect) {
            if (effect->kind == Effect::Kind::mount) {
                ::umount2(effect->object.c_str(), MNT_DETACH);
            }
        }
    }

    base::NullLog log_;
    test::TemporaryDirectory directory_;
    Journal journal_{directory_ / "journal", ""};
    Share share_{directory_.path() / "share", "sb"};
};

TEST_F(SharedBindMounts, AreFoundByTheirNamesAndEnforcedOnTheHost) {
    directory_.write("tools/hook", "text");
    directory_.write("data/file", "text");
    share_sandbox_bind_mounts(
        {directory_ / "tools", (directory_ / "data").native() + ":rw"}, share_, journal_);
    const auto guest = share_.directory() / "mounts/sandbox-mounts";
    EXPECT_EQ(test::content_of(guest / "tools/hook"), "text");
    EXPECT_FALSE(std::ofstream(guest / "tools/new").is_open());
    std::ofstream(guest / "data/new") << "written";
    EXPECT_EQ(test::content_of(directory_ / "data/new"), "written");
}

TEST_F(SharedBindMounts, ThatAreNotThereNameTheKey) {
    test::expect_error(
        [&] {
            share_sandbox_bind_mounts({"/nonexistent/tools"}, share_, journal_);
            return 0;
        },
        ErrorCode::not_found,
        "cannot share \"/nonexistent/tools\" of sandbox_bind_mounts");
}

}  // namespace
}  // namespace kata::sandbox
