#include "pkg/sandbox/virtiofsd_arguments.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "pkg/base/error.h"

namespace kata::sandbox {
namespace {

using base::Error;
using base::ErrorCode;

enum class Value { none, number, word };

struct Known {
    std::string_view name;
    Value value = Value::none;
};

// Of -o; the long options of the same name with dashes mean the same.
constexpr std::array kOptions{
    Known{"allow_direct_io"},
    Known{"announce_submounts"},
    Known{"flock"},
    Known{"killpriv_v2"},
    Known{"log_level", Value::word},
    Known{"max_idle_threads", Value::number},
    Known{"no_allow_direct_io"},
    Known{"no_flock"},
    Known{"no_killpriv_v2"},
    Known{"no_posix_acl"},
    Known{"no_posix_lock"},
    Known{"no_readdirplus"},
    Known{"no_security_label"},
    Known{"no_writeback"},
    Known{"no_xattr"},
    Known{"posix_acl"},
    Known{"posix_lock"},
    Known{"readdirplus"},
    Known{"security_label"},
    Known{"timeout", Value::number},
    Known{"writeback"},
    Known{"xattr"},
    Known{"xattrmap", Value::word},
};

// Options that are long only.
constexpr std::array kLong{
    Known{"allow-mmap"},
    Known{"inode-file-handles", Value::word},
    Known{"no-announce-submounts"},
    Known{"preserve-noatime"},
    Known{"rlimit-nofile", Value::number},
    Known{"syslog"},
    Known{"thread-pool-size", Value::number},
};

constexpr unsigned kMostThreads = 1024;

std::string shown(std::string_view argument) {
    return "\"" + base::printable(argument, 256) + "\"";
}

Error refusal(std::string_view argument) {
    const bool cache = argument.find("cache") != std::string_view::npos;
    return {ErrorCode::invalid_argument,
            "virtio_fs_extra_args: " + shown(argument) + " is refused; " +
                (cache ? "use virtio_fs_cache"
                       : "only options that tune virtiofsd are permitted, see "
                         "configuration.toml(5)")};
}

/// "name" or "name=value"
struct Option {
    std::string_view name;
    std::string_view value;
    bool has_value = false;
};

Option split(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) {
        return {text, {}, false};
    }
    return {text.substr(0, equals), text.substr(equals + 1), true};
}

bool is_number(std::string_view text) {
    return !text.empty() && text.size() <= 9 &&
           text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Commas and backslashes would begin another option.
bool is_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char byte) {
        return byte > 0x20 && byte < 0x7f && byte != ',' && byte != '\\';
    });
}

bool takes(const Known& known, const Option& option) {
    switch (known.value) {
        case Value::none:
            return !option.has_value;
        case Value::number:
            return is_number(option.value);
        case Value::word:
            return is_word(option.value);
    }
    return false;
}

template <typename Table>
const Known* find(const Table& table, std::string_view name) {
    const auto* const found =
        std::ranges::find_if(table, [&](const Known& known) { return known.name == name; });
    return found == table.end() ? nullptr : found;
}

unsigned threads_of(std::string_view text, std::string_view argument) {
    unsigned threads = 0;
    std::from_chars(text.data(), text.data() + text.size(), threads);
    if (threads > kMostThreads) {
        throw refusal(argument);
    }
    return threads;
}

std::string with_underscores(std::string_view name) {
    std::string text(name);
    std::ranges::replace(text, '-', '_');
    return text;
}

class Parser {
  public:
    explicit Parser(const std::vector<std::string>& arguments) : arguments_(arguments) {}

    VirtiofsdArguments parse() {
        while (next_ < arguments_.size()) {
            take(arguments_[next_++]);
        }
        return std::move(result_);
    }

  private:
    void take(std::string_view argument) {
        if (argument == "-f" || argument == "--foreground") {
            return;  // it always is
        }
        if (argument == "-d" || argument == "--debug") {
            result_.others.emplace_back("-d");
        } else if (argument == "-o") {
            take_options(operand_of(argument));
        } else if (argument.starts_with("-o")) {
            take_options(argument.substr(2));
        } else if (argument.starts_with("--")) {
            take_long(argument);
        } else {
            throw refusal(argument);
        }
    }

    std::string_view operand_of(std::string_view argument) {
        if (next_ == arguments_.size()) {
            throw refusal(argument);
        }
        return arguments_[next_++];
    }

    void take_options(std::string_view text) {
        text.remove_prefix(std::min(text.find_first_not_of(" ="), text.size()));
        for (std::size_t at = 0; at <= text.size();) {
            const std::size_t end = std::min(text.find(',', at), text.size());
            take_option(text.substr(at, end - at));
            at = end + 1;
        }
    }

    void take_option(std::string_view text) {
        const Option option = split(text);
        const Known* known = find(kOptions, option.name);
        if (known == nullptr || !takes(*known, option)) {
            throw refusal("-o " + std::string(text));
        }
        result_.others.emplace_back("-o");
        result_.others.emplace_back(text);
    }

    void take_long(std::string_view argument) {
        Option option = split(argument.substr(2));
        const std::string short_name = with_underscores(option.name);
        const Known* known = find(kLong, option.name);
        const Known* as_option = known == nullptr ? find(kOptions, short_name) : nullptr;
        const Known* either = known != nullptr ? known : as_option;
        if (either != nullptr && either->value != Value::none && !option.has_value) {
            option = {option.name, operand_of(argument), true};
        }
        if (either == nullptr || !takes(*either, option)) {
            throw refusal(argument);
        }
        if (option.name == "thread-pool-size") {
            result_.threads = threads_of(option.value, argument);
            return;
        }
        const std::string value = option.has_value ? "=" + std::string(option.value) : "";
        if (as_option != nullptr) {
            result_.others.emplace_back("-o");
            result_.others.push_back(short_name + value);
        } else {
            result_.others.push_back("--" + std::string(option.name) + value);
        }
    }

    const std::vector<std::string>& arguments_;
    std::size_t next_ = 0;
    VirtiofsdArguments result_;
};

}  // namespace

VirtiofsdArguments parse_virtiofsd_arguments(const std::vector<std::string>& arguments) {
    return Parser(arguments).parse();
}

}  // namespace kata::sandbox
