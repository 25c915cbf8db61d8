#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command_text.h"

namespace kata::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Words = std::vector<std::string>;

template <typename Options>
Options parsed(const Words& words) {
    const Invocation invocation = parse_options(words);
    if (const auto* misuse = std::get_if<Misuse>(&invocation.command)) {
        ADD_FAILURE() << "misuse: " << misuse->message;
    }
    const auto* options = std::get_if<Options>(&invocation.command);
    EXPECT_NE(options, nullptr);
    return options != nullptr ? *options : Options{};
}

Misuse misuse_of(const Words& words) {
    const Invocation invocation = parse_options(words);
    const auto* misuse = std::get_if<Misuse>(&invocation.command);
    EXPECT_NE(misuse, nullptr) << testing::PrintToString(words);
    return misuse != nullptr ? *misuse : Misuse{};
}

TEST(GlobalOptions, HaveDefaults) {
    const GlobalOptions global = parse_options({"list"}).global;
    EXPECT_EQ(global.root, kDefaultRoot);
    EXPECT_TRUE(global.log.empty());
    EXPECT_FALSE(global.log_as_json);
    EXPECT_FALSE(global.debug);
    EXPECT_TRUE(global.config.empty());
    EXPECT_FALSE(global.systemd_cgroup);
}

TEST(GlobalOptions, AskForScopesOfSystemdAsRuncAndCrunDo) {
    EXPECT_TRUE(parse_options({"--systemd-cgroup", "list"}).global.systemd_cgroup);
    EXPECT_TRUE(parse_options({"--cgroup-manager", "systemd", "list"}).global.systemd_cgroup);
    EXPECT_FALSE(parse_options({"--cgroup-manager", "cgroupfs", "list"}).global.systemd_cgroup);
}

TEST(GlobalOptions, AreReadAsContainerdWritesThem) {
    const Invocation invocation = parse_options({"--root",
                                                 "/r/moby",
                                                 "--debug",
                                                 "--log",
                                                 "/b/log.json",
                                                 "--log-format",
                                                 "json",
                                                 "--systemd-cgroup",
                                                 "--rootless=false",
                                                 "--criu",
                                                 "/c",
                                                 "delete",
                                                 "id"});
    EXPECT_EQ(invocation.global.root, "/r/moby");
    EXPECT_EQ(invocation.global.log, "/b/log.json");
    EXPECT_TRUE(invocation.global.log_as_json);
    EXPECT_TRUE(invocation.global.debug);
    EXPECT_EQ(std::get<DeleteOptions>(invocation.command).id, "id");
}

TEST(GlobalOptions, AreReadAsPodmanWritesThem) {
    const Invocation invocation = parse_options({"--log-format=json",
                                                 "--log",
                                                 "/run/oci-log",
                                                 "--cgroup-manager",
                                                 "disabled",
                                                 "create",
                                                 "--bundle",
                                                 "/b",
                                                 "--pid-file",
                                                 "/p",
                                                 "--no-pivot",
                                                 "--no-new-keyring",
                                                 "--preserve-fds",
                                                 "0",
                                                 "--console-socket",
                                                 "/s",
                                                 "id"});
    const auto& create = std::get<CreateOptions>(invocation.command);
    EXPECT_EQ(create.bundle, "/b");
    EXPECT_EQ(create.pid_file, "/p");
    EXPECT_EQ(create.console_socket, "/s");
    EXPECT_EQ(create.id, "id");
}

TEST(GlobalOptions, TakeTheConfigurationUnderBothNames) {
    EXPECT_EQ(parse_options({"--config", "/c", "list"}).global.config, "/c");
    EXPECT_EQ(parse_options({"-kata-config=/c", "list"}).global.config, "/c");
}

TEST(GlobalOptions, LastOneCounts) {
    EXPECT_EQ(parse_options({"--root", "/a", "--root", "/b", "list"}).global.root, "/b");
    EXPECT_FALSE(parse_options({"--debug", "--debug=false", "list"}).global.debug);
}

TEST(GlobalOptions, SurviveAMisusedCommandSoThatItIsLogged) {
    const Invocation invocation = parse_options({"--log", "/l", "delete"});
    EXPECT_EQ(invocation.global.log, "/l");
    EXPECT_TRUE(std::holds_alternative<Misuse>(invocation.command));
}

TEST(Commands, HelpAndVersionHaveSeveralSpellings) {
    for (const Words& words :
         {Words{}, {"--help"}, {"-h"}, {"help"}, {"h"}, {"--help", "create"}}) {
        EXPECT_EQ(parsed<HelpOptions>(words).topic, "") << testing::PrintToString(words);
    }
    for (const Words& words : {Words{"create", "--help"},
                               {"create", "-h"},
                               {"help", "create"},
                               {"create", "-help", "id"}}) {
        EXPECT_EQ(parsed<HelpOptions>(words).topic, "create") << testing::PrintToString(words);
    }
    for (const Words& words :
         {Words{"--version"}, {"-v"}, {"version"}, {"--root", "/r", "-version"}}) {
        parsed<VersionOptions>(words);
    }
    parsed<ConfigPathsOptions>({"--kata-show-default-config-paths"});
    parsed<ConfigPathsOptions>({"--show-default-config-paths"});
}

TEST(Commands, CreateTakesAnotherConfigFileAndAnEmptyValue) {
    const auto create =
        parsed<CreateOptions>({"create", "-f", "/c.json", "--console-socket=", "id"});
    EXPECT_EQ(create.config_file, "/c.json");
    EXPECT_TRUE(create.console_socket.empty());
    EXPECT_EQ(create.bundle, ".");
}

TEST(Commands, RunHasCreatesOptionsAndItsOwn) {
    const auto run = parsed<RunOptions>({"run", "-d", "--keep", "-no-subreaper", "-b", "/b", "id"});
    EXPECT_TRUE(run.detach);
    EXPECT_TRUE(run.keep);
    EXPECT_TRUE(run.no_subreaper);
    EXPECT_EQ(run.create.bundle, "/b");
    EXPECT_EQ(run.create.id, "id");
}

TEST(Commands, KillDefaultsToTerm) {
    EXPECT_EQ(parsed<KillOptions>({"kill", "id"}).signal, "SIGTERM");
    const auto kill = parsed<KillOptions>({"kill", "--all", "id", "9"});
    EXPECT_TRUE(kill.all);
    EXPECT_EQ(kill.signal, "9");
}

TEST(Commands, DeleteUnderstandsForceInBothForms) {
    EXPECT_TRUE(parsed<DeleteOptions>({"delete", "-f", "id"}).force);
    EXPECT_TRUE(parsed<DeleteOptions>({"delete", "--force", "id"}).force);
    EXPECT_FALSE(parsed<DeleteOptions>({"delete", "--force=false", "id"}).force);
}

TEST(Commands, ExecLeavesTheCommandsOwnOptionsAlone) {
    const auto exec = parsed<ExecOptions>({"exec", "-t", "id", "ls", "-l", "--cwd", "x"});
    EXPECT_EQ(exec.id, "id");
    EXPECT_TRUE(exec.process.tty);
    EXPECT_TRUE(exec.process.cwd.empty());
    EXPECT_THAT(exec.process.args, ElementsAre("ls", "-l", "--cwd", "x"));
}

TEST(Commands, ExecTakesEveryOption) {
    const auto exec = parsed<ExecOptions>({"exec",     "--cwd",
                                           "/w",       "-e",
                                           "A=1",      "--env",
                                           "B=[x]",    "-u",
                                           "1:2",      "-g",
                                           "3",        "-g",
                                           "4",        "--process-label",
                                           "l",        "--apparmor",
                                           "p",        "--no-new-privs",
                                           "-c",       "CAP_A",
                                           "-c",       "CAP_B",
                                           "-d",       "--pid-file",
                                           "/p",       "--console-socket",
                                           "/s",       "--ignore-paused",
                                           "--cgroup", "/",
                                           "id",       "--",
                                           "sh"});
    EXPECT_EQ(exec.process.cwd, "/w");
    EXPECT_THAT(exec.process.env, ElementsAre("A=1", "B=[x]"));
    EXPECT_EQ(exec.process.user, "1:2");
    EXPECT_THAT(exec.process.additional_gids, ElementsAre("3", "4"));
    EXPECT_EQ(exec.process.process_label, "l");
    EXPECT_EQ(exec.process.apparmor, "p");
    EXPECT_EQ(exec.process.no_new_privileges, true);
    EXPECT_THAT(exec.process.capabilities, ElementsAre("CAP_A", "CAP_B"));
    EXPECT_TRUE(exec.detach);
    EXPECT_EQ(exec.pid_file, "/p");
    EXPECT_EQ(exec.console_socket, "/s");
    EXPECT_TRUE(exec.ignore_paused);
    EXPECT_THAT(exec.process.args, ElementsAre("--", "sh"));
}

TEST(Commands, ExecValuesInBracketsStayWhole) {
    EXPECT_THAT(parsed<ExecOptions>({"exec", "-e", "[A=1,B=2]", "id", "sh"}).process.env,
                ElementsAre("[A=1,B=2]"));
}

TEST(Commands, ExecWithoutNoNewPrivsKeepsTheContainers) {
    EXPECT_EQ(parsed<ExecOptions>({"exec", "id", "sh"}).process.no_new_privileges, std::nullopt);
    EXPECT_EQ(
        parsed<ExecOptions>({"exec", "--no-new-privs=false", "id", "sh"}).process.no_new_privileges,
        false);
}

TEST(Commands, ExecWithAProcessFileNeedsNoCommand) {
    const auto exec =
        parsed<ExecOptions>({"exec", "--process", "/p.json", "--detach", "--pid-file", "/p", "id"});
    EXPECT_EQ(exec.process_file, "/p.json");
    EXPECT_THAT(exec.process.args, IsEmpty());
}

TEST(Commands, ListAndPsHaveFormats) {
    EXPECT_TRUE(parsed<ListOptions>({"list", "--format=json"}).json);
    EXPECT_FALSE(parsed<ListOptions>({"list", "-f", "table"}).json);
    EXPECT_TRUE(parsed<ListOptions>({"list", "-q"}).quiet);
    const auto ps = parsed<PsOptions>({"ps", "-f", "json", "id", "-o", "pid"});
    EXPECT_TRUE(ps.json);
    EXPECT_THAT(ps.ps_args, ElementsAre("-o", "pid"));
}

TEST(Commands, SpecTakesABundle) {
    EXPECT_EQ(parsed<SpecOptions>({"spec", "-b", "/b"}).bundle, "/b");
    EXPECT_TRUE(parsed<SpecOptions>({"spec", "--rootless"}).rootless);
}

struct Wrong {
    Words words;
    std::string message;
    bool shows_help;
};

class WrongCommandLine : public testing::TestWithParam<Wrong> {};

TEST_P(WrongCommandLine, SaysWhatIsWrong) {
    const Misuse misuse = misuse_of(GetParam().words);
    EXPECT_THAT(misuse.message, HasSubstr(GetParam().message));
    EXPECT_EQ(misuse.help_topic.has_value(), GetParam().shows_help);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    WrongCommandLine,
    testing::Values(
        Wrong{{"delete"}, "kata-runtime: \"delete\" requires exactly 1 argument(s)", true},
        Wrong{{"delete", "a", "b"}, "\"delete\" requires exactly 1 argument(s)", true},
        Wrong{{"delete", "a", "--force"}, "requires exactly 1 argument(s)", true},
        Wrong{{"kill"}, "\"kill\" requires a minimum of 1 argument(s)", true},
        Wrong{{"kill", "a", "9", "x"}, "\"kill\" requires a maximum of 2 argument(s)", true},
        Wrong{{"exec"}, "\"exec\" requires a minimum of 1 argument(s)", true},
        Wrong{{"list", "x"}, "\"list\" requires exactly 0 argument(s)", true},
        Wrong{{"list", "--format", "xml"},
              "invalid value \"xml\" for option --format; use table or json",
              true},
        Wrong{{"--log-format", "xml", "list"},
              "invalid value \"xml\" for option --log-format; use text or json",
              true},
        Wrong{{"--rootless", "maybe", "list"}, "use true, false or auto", true},
        Wrong{{"create", "--preserve-fds", "3", "id"}, "leave --preserve-fds out", true},
        Wrong{{"create", "--preserve-fds", "many", "id"}, "leave --preserve-fds out", true},
        Wrong{{"create", "--pidfd-socket", "/s", "id"}, "--pidfd-socket is not supported", true},
        Wrong{{"exec", "--cgroup", "cpu:x", "id", "sh"}, "--cgroup is not supported", true},
        Wrong{{"create", "--bundle"}, "flag needs an argument: -bundle", true},
        Wrong{{"--nope", "list"}, "flag provided but not defined: -nope", true},
        Wrong{{"creat"}, "unknown command \"creat\"; did you mean \"create\"?", false},
        Wrong{{"sate", "id"}, "did you mean \"state\"?", false},
        Wrong{{"frobnicate"}, "unknown command \"frobnicate\"; \"kata-runtime help\"", false},
        Wrong{{"a\x1b[2Jb"}, "unknown command \"a?[2Jb\"", false},
        Wrong{{"help", "nope"}, "no help for \"nope\"", false}));

class UnavailableCommand : public testing::TestWithParam<std::string> {};

TEST_P(UnavailableCommand, IsRefusedByNameWithAndWithoutHelp) {
    for (const Words& words :
         {Words{GetParam()}, {GetParam(), "--help"}, {GetParam(), "-x", "id"}}) {
        const Misuse misuse = misuse_of(words);
        EXPECT_EQ(misuse.code, base::ErrorCode::unsupported);
        EXPECT_THAT(misuse.message, HasSubstr("\"" + GetParam() + "\" is not available"));
        EXPECT_FALSE(misuse.help_topic);
    }
}

INSTANTIATE_TEST_SUITE_P(All, UnavailableCommand, testing::Values("checkpoint", "restore", "init"));

TEST(Commands, EveryOneOfTheHelpIsParsed) {
    for (const CommandText& text : command_texts()) {
        const Words words = {std::string(text.name), "--help"};
        EXPECT_EQ(parsed<HelpOptions>(words).topic, text.name);
    }
}

TEST(ConfigCommand, TakesItsOptionsBeforeAndBehindTheAction) {
    for (const Words& words : {Words{"config", "show", "--origin", "--json"},
                               Words{"config", "--origin", "show", "-json"},
                               Words{"config", "--origin", "--json", "show"}}) {
        const auto options = parsed<ConfigOptions>(words);
        EXPECT_EQ(options.action, ConfigOptions::Action::show);
        EXPECT_TRUE(options.origin);
        EXPECT_TRUE(options.json);
    }
    EXPECT_EQ(parsed<ConfigOptions>({"config", "show", "box", "--origin"}).id, "box");
    const auto check = parsed<ConfigOptions>({"config", "check", "/c.toml"});
    EXPECT_EQ(check.action, ConfigOptions::Action::check);
    EXPECT_EQ(check.file, "/c.toml");
}

TEST(ConfigCommand, RefusesWhatItHasNoUseFor) {
    EXPECT_THAT(misuse_of({"config", "shwo"}).message, HasSubstr("config has no \"shwo\""));
    EXPECT_THAT(misuse_of({"config", "show", "/c.toml"}).message, HasSubstr("--config"));
    EXPECT_THAT(misuse_of({"config", "show", "a", "b"}).message, HasSubstr("a container at most"));
    EXPECT_THAT(misuse_of({"config", "check"}).message, HasSubstr("one file"));
    EXPECT_THAT(misuse_of({"config", "check", "--json", "/c"}).message, HasSubstr("one file"));
    EXPECT_THAT(misuse_of({"config"}).message, HasSubstr("minimum of 1"));
}

TEST(DirectVolumeCommand, TakesItsValuesAsFlagsAndAsArguments) {
    for (const Words& words :
         {Words{"direct-volume", "add", "--volume-path", "/v", "--mount-info", "{}"},
          Words{"direct-volume", "add", "-volume-path=/v", "-mount-info={}"},
          Words{"direct-volume", "--volume-path", "/v", "--mount-info", "{}", "add"},
          Words{"direct-volume", "add", "/v", "{}"},
          Words{"direct-volume", "add", "--mount-info", "{}", "/v"},
          Words{"direct-volume", "add", "--volume-path", "/v", "{}"}}) {
        const auto options = parsed<DirectVolumeOptions>(words);
        EXPECT_EQ(options.action, DirectVolumeOptions::Action::add);
        EXPECT_EQ(options.volume_path, "/v") << testing::PrintToString(words);
        EXPECT_EQ(options.mount_info, "{}") << testing::PrintToString(words);
    }
    for (const Words& words :
         {Words{"direct-volume", "resize", "/v", "8Gi"},
          Words{"direct-volume", "resize", "--volume-path", "/v", "--size", "8Gi"}}) {
        const auto options = parsed<DirectVolumeOptions>(words);
        EXPECT_EQ(options.action, DirectVolumeOptions::Action::resize);
        EXPECT_EQ(options.volume_path, "/v");
        EXPECT_EQ(options.size, "8Gi");
    }
}

TEST(DirectVolumeCommand, HandsAnEmptyPathOnToBeRefused) {
    for (const Words& words : {Words{"direct-volume", "remove", "--volume-path", ""},
                               Words{"direct-volume", "remove", "--volume-path="},
                               Words{"direct-volume", "remove", ""}}) {
        EXPECT_EQ(parsed<DirectVolumeOptions>(words).volume_path, "");
    }
}

TEST(DirectVolumeCommand, HasAnActionForEachUse) {
    using Action = DirectVolumeOptions::Action;
    EXPECT_EQ(parsed<DirectVolumeOptions>({"direct-volume", "stats", "/v"}).action, Action::stats);
    EXPECT_EQ(parsed<DirectVolumeOptions>({"direct-volume", "inspect", "/v"}).action,
              Action::inspect);
    const auto list = parsed<DirectVolumeOptions>({"direct-volume", "list", "--format", "json"});
    EXPECT_EQ(list.action, Action::list);
    EXPECT_TRUE(list.json);
    const auto collect = parsed<DirectVolumeOptions>({"direct-volume", "gc", "--dry-run"});
    EXPECT_EQ(collect.action, Action::collect_garbage);
    EXPECT_TRUE(collect.dry_run);
}

TEST(DirectVolumeCommand, RefusesWhatItHasNoUseFor) {
    const auto refuse = [](const Words& words, const char* text) {
        EXPECT_THAT(misuse_of(words).message, HasSubstr(text)) << testing::PrintToString(words);
    };
    refuse({"direct-volume"}, "minimum of 1");
    refuse({"direct-volume", "ad", "/v", "{}"}, "has no \"ad\"");
    refuse({"direct-volume", "add"}, "add needs --volume-path");
    refuse({"direct-volume", "add", "/v"}, "add needs --mount-info");
    refuse({"direct-volume", "resize", "/v"}, "resize needs --size");
    refuse({"direct-volume", "remove", "/v", "/w"}, "cannot use the argument \"/w\"");
    refuse({"direct-volume", "list", "/v"}, "cannot use the argument \"/v\"");
    refuse({"direct-volume", "list", "--volume-path", "/v"}, "list has no use for --volume-path");
    refuse({"direct-volume", "stats", "/v", "--size", "1"}, "cannot use the argument");
    refuse({"direct-volume", "stats", "--size", "1", "/v"}, "stats has no use for --size");
    refuse({"direct-volume", "remove", "--dry-run", "/v"}, "remove has no use for --dry-run");
    refuse({"direct-volume", "gc", "--format", "json"}, "gc has no use for --format");
    refuse({"direct-volume", "list", "--format", "yaml"}, "table or json");
}

}  // namespace
}  // namespace kata::cli
