#include "cli/options_flag_set.h"

#include <algorithm>
#include <utility>

#include <CLI/CLI.hpp>

#include "pkg/base/error.h"

namespace kata::cli {
namespace {

using base::Error;
using base::ErrorCode;
using base::printable;

bool contains(const std::vector<std::string>& values, const std::string& value) {
    return std::ranges::find(values, value) != values.end();
}

std::string wrong_choice(const std::string& names,
                         const std::string& value,
                         const std::vector<std::string>& allowed) {
    std::string text = "invalid value \"" + printable(value, 256) + "\" for option " +
                       names.substr(names.rfind("--")) + "; use ";
    for (std::size_t i = 0; i < allowed.size(); ++i) {
        const bool last = i + 1 == allowed.size();
        text += (i == 0 ? "" : last ? " or " : ", ") + allowed[i];
    }
    return text;
}

}  // namespace

FlagSet::FlagSet() : app_(std::make_unique<CLI::App>()) {
    app_->set_help_flag();
}

FlagSet::~FlagSet() = default;

void FlagSet::value_handler(const char* names,
                            const char* label,
                            const std::function<void(const std::string&)>& take,
                            const char* description) {
    app_->add_option_function<std::string>(names, take, description)->type_name(label)->take_last();
}

void FlagSet::value(const char* names,
                    const char* label,
                    std::string& store,
                    const char* description) {
    value_handler(
        names, label, [&store](const std::string& text) { store = text; }, description);
}

void FlagSet::value(const char* names,
                    const char* label,
                    std::filesystem::path& store,
                    const char* description) {
    value_handler(
        names, label, [&store](const std::string& text) { store = text; }, description);
}

void FlagSet::on_off(const char* names, bool& store, const char* description) {
    app_->add_flag(names, store, description)->take_last();
}

void FlagSet::values(const char* names,
                     const char* label,
                     std::vector<std::string>& store,
                     const char* description) {
    app_->add_option(names, store, description)->type_name(label)->allow_extra_args(false);
}

void FlagSet::one_of(const char* names,
                     const char* label,
                     std::vector<std::string> allowed,
                     const std::function<void(const std::string&)>& store,
                     const char* description) {
    const auto take = [names, allowed = std::move(allowed), store](const std::string& value) {
        if (!contains(allowed, value)) {
            throw CLI::ValidationError(wrong_choice(names, value, allowed));
        }
        store(value);
    };
    value_handler(names, label, take, description);
}

void FlagSet::ignored_switch(const char* names, const char* description) {
    const std::string text = description;
    app_->add_flag(names, text)->take_last();
}

void FlagSet::ignored_value(const char* names, const char* label, const char* description) {
    value_handler(
        names, label, [](const std::string& /*value*/) {}, description);
}

void FlagSet::refused_value(const char* names,
                            const char* label,
                            std::vector<std::string> harmless,
                            const std::string& reason,
                            const char* description) {
    const auto take = [harmless = std::move(harmless), reason](const std::string& value) {
        if (!contains(harmless, value)) {
            throw CLI::ValidationError(reason);
        }
    };
    value_handler(names, label, take, description);
}

bool FlagSet::given(const std::string& name) const {
    return app_->get_option("--" + name)->count() > 0;
}

std::optional<KnownFlag> FlagSet::find(const std::string& name) const {
    for (const CLI::Option* option : app_->get_options()) {
        if (option->check_lname(name) || option->check_sname(name)) {
            return KnownFlag{option->get_lnames().front(), option->get_expected_max() > 0};
        }
    }
    return std::nullopt;
}

Positionals FlagSet::parse(const std::vector<std::string>& arguments) {
    SplitArguments split =
        split_go_arguments(arguments, [this](const std::string& name) { return find(name); });
    std::vector<std::string> words;
    for (const GivenFlag& flag : split.flags) {
        if (find(flag.name)->takes_value) {
            // As two words: an empty value after '=' would not count as one.
            words.insert(words.end(), {"--" + flag.name, flag.value});
        } else {
            words.push_back("--" + flag.name + "=" + flag.value);
        }
    }
    std::ranges::reverse(words);
    try {
        app_->parse(std::move(words));
    } catch (const CLI::ParseError& error) {
        throw Error(ErrorCode::invalid_argument, printable(error.what()));
    }
    return std::move(split.positionals);
}

std::vector<OptionText> FlagSet::texts() const {
    std::vector<OptionText> result;
    for (const CLI::Option* option : app_->get_options()) {
        const bool takes_value = option->get_expected_max() > 0;
        const std::string label = takes_value ? " " + option->get_type_name() : "";
        std::string names;
        for (const std::string& name : option->get_lnames()) {
            names.append(names.empty() ? "--" : ", --").append(name).append(label);
        }
        for (const std::string& name : option->get_snames()) {
            names.append(", -").append(name).append(label);
        }
        result.push_back({names, option->get_description()});
    }
    return result;
}

}  // namespace kata::cli
