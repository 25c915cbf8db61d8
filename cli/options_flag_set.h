// The options of one command line, and what becomes of them: each is stored where its declaration
// says, ignored, or refused. Words that belong to no option are handed back. The parsing library
// stays behind this interface. The variables that options are stored in belong to the caller and
// must outlive parse().
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/go_flags.h"
#include "cli/help_layout.h"

namespace CLI {
class App;
}

namespace kata::cli {

using Positionals = std::vector<std::string>;

/// In all functions: `names` is "-s,--long" or "--long", `label` what stands for the value in the
/// help, `description` one line of the help. Of an option given twice the last one counts.
class FlagSet {
  public:
    FlagSet();
    ~FlagSet();
    FlagSet(const FlagSet&) = delete;
    FlagSet& operator=(const FlagSet&) = delete;
    FlagSet(FlagSet&&) = delete;
    FlagSet& operator=(FlagSet&&) = delete;

    void value(const char* names, const char* label, std::string& store, const char* description);
    void value(const char* names,
               const char* label,
               std::filesystem::path& store,
               const char* description);
    void on_off(const char* names, bool& store, const char* description);
    /// May be given several times.
    void values(const char* names,
                const char* label,
                std::vector<std::string>& store,
                const char* description);
    /// Any value but those of `allowed` is an error.
    void one_of(const char* names,
                const char* label,
                std::vector<std::string> allowed,
                const std::function<void(const std::string&)>& store,
                const char* description);
    /// Understood and without any meaning for a container in a VM.
    void ignored_switch(const char* names, const char* description);
    void ignored_value(const char* names, const char* label, const char* description);
    /// Any value but those of `harmless` is an error with the words of `reason`.
    void refused_value(const char* names,
                       const char* label,
                       std::vector<std::string> harmless,
                       const std::string& reason,
                       const char* description);

    /// Stores the flags' values. @return the positional arguments.
    /// @throws base::Error invalid_argument
    Positionals parse(const std::vector<std::string>& arguments);

    /// What the help says of each option, in the order in which they were declared.
    [[nodiscard]] std::vector<OptionText> texts() const;

    /// Whether parse() has seen the option of this long name.
    [[nodiscard]] bool given(const std::string& name) const;

  private:
    [[nodiscard]] std::optional<KnownFlag> find(const std::string& name) const;
    void value_handler(const char* names,
                       const char* label,
                       const std::function<void(const std::string&)>& take,
                       const char* description);

    std::unique_ptr<CLI::App> app_;
};

}  // namespace kata::cli
