#include "pkg/oci/hooks.h"

#include <algorithm>
#include <chrono>

#include "pkg/base/subprocess.h"

namespace kata::oci {
namespace {

constexpr std::size_t kShownError = 1024;

// A time-out of years would overflow the clock.
constexpr std::int64_t kMaxTimeoutSeconds = 24L * 60 * 60;

std::string name_of(const Hook& hook, HookStage stage) {
    return std::string(to_string(stage)) + " hook \"" + base::printable(hook.path) + "\"";
}

base::Deadline deadline_of(const Hook& hook, base::Deadline deadline) {
    if (!hook.timeout_seconds) {
        return deadline;
    }
    const auto seconds = std::clamp<std::int64_t>(*hook.timeout_seconds, 0, kMaxTimeoutSeconds);
    return deadline.at_most(std::chrono::seconds(seconds));
}

base::ProcessSpec process_of(const Hook& hook, const HookContext& context) {
    base::ProcessSpec process;
    process.path = hook.path;
    process.args = hook.args.empty() ? std::vector<std::string>{hook.path} : hook.args;
    process.env = hook.env;
    process.stdin_data = context.state_json;
    process.enter_namespaces = context.enter_namespaces;
    process.working_dir = context.working_dir.native();
    return process;
}

// The end of what it wrote: programs name the cause last.
std::string last_words(const base::ProcessResult& result) {
    std::string_view text = result.standard_error;
    if (text.size() > kShownError) {
        text.remove_prefix(text.size() - kShownError);
    }
    const std::string words = base::printable(text);
    return words.empty() ? words : ": " + words;
}

void run_hook(const Hook& hook,
              HookStage stage,
              const HookContext& context,
              base::Deadline deadline) {
    base::ProcessResult result;
    try {
        result = base::run_process(process_of(hook, context), deadline_of(hook, deadline));
    } catch (const base::Error& error) {
        throw error.with_context("cannot run the " + name_of(hook, stage));
    }
    if (result.timed_out) {
        throw base::Error(base::ErrorCode::timeout,
                          "the " + name_of(hook, stage) + " did not end in time and was killed" +
                              last_words(result));
    }
    if (result.exit_code != 0) {
        throw base::Error(base::ErrorCode::invalid_argument,
                          "the " + name_of(hook, stage) + " failed with exit code " +
                              std::to_string(result.exit_code) + last_words(result));
    }
}

}  // namespace

std::string_view to_string(HookStage stage) {
    switch (stage) {
        case HookStage::prestart:
            return "prestart";
        case HookStage::create_runtime:
            return "createRuntime";
        case HookStage::create_container:
            return "createContainer";
        case HookStage::start_container:
            return "startContainer";
        case HookStage::poststart:
            return "poststart";
        case HookStage::poststop:
            return "poststop";
    }
    return "unknown";
}

const std::vector<Hook>& hooks_of(const Hooks& hooks, HookStage stage) {
    switch (stage) {
        case HookStage::prestart:
            return hooks.prestart;
        case HookStage::create_runtime:
            return hooks.create_runtime;
        case HookStage::create_container:
            return hooks.create_container;
        case HookStage::start_container:
            return hooks.start_container;
        case HookStage::poststart:
            return hooks.poststart;
        case HookStage::poststop:
            break;
    }
    return hooks.poststop;
}

void run_hooks(const Hooks& hooks,
               HookStage stage,
               const HookContext& context,
               base::Deadline deadline) {
    for (const Hook& hook : hooks_of(hooks, stage)) {
        run_hook(hook, stage, context, deadline);
    }
}

std::vector<base::Error> run_all_hooks(const Hooks& hooks,
                                       HookStage stage,
                                       const HookContext& context,
                                       base::Deadline deadline) {
    std::vector<base::Error> failures;
    for (const Hook& hook : hooks_of(hooks, stage)) {
        try {
            run_hook(hook, stage, context, deadline);
        } catch (const base::Error& error) {
            failures.push_back(error);
        }
    }
    return failures;
}

}  // namespace kata::oci
