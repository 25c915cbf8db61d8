#include "pkg/sandbox/guest_log_relay.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/file_lock.h"

namespace kata::sandbox {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 10;  // of one command
constexpr std::size_t kLongestLine = 1024;
constexpr std::chrono::seconds kLockWait{2};
constexpr std::string_view kAgent = "kata-agent: ";
constexpr std::string_view kAgentDebug = "debug: ";

// CSI and two-character sequences of terminals go away whole; printable() sees to the rest.
std::string without_escapes(std::string_view line) {
    std::string text;
    for (std::size_t at = 0; at < line.size(); ++at) {
        if (line[at] != '\x1b') {
            text += line[at];
            continue;
        }
        if (++at < line.size() && line[at] == '[') {
            do {
                ++at;
            } while (at < line.size() && (line[at] < '@' || line[at] > '~'));
        }
    }
    return text;
}

std::string level_of_priority(char priority) {
    if (priority <= '3') {
        return "error";
    }
    if (priority == '4') {
        return "warning";
    }
    return priority == '7' ? "debug" : "info";
}

bool has_priority(std::string_view text) {
    return text.size() > 3 && text[0] == '<' && text[1] >= '0' && text[1] <= '7' && text[2] == '>';
}

std::uint64_t offset_in(const std::filesystem::path& file) {
    const std::string text = base::try_read_file(file).value_or("");
    std::uint64_t offset = 0;
    std::from_chars(text.data(), text.data() + text.size(), offset);
    return offset;
}

std::string read_range(const base::UniqueFd& file, std::uint64_t from, std::uint64_t to) {
    std::string text(to - from, '\0');
    const ssize_t count = ::pread(file.get(), text.data(), text.size(), static_cast<off_t>(from));
    if (count < 0) {
        throw base::errno_error("read", "console.log", errno);
    }
    text.resize(static_cast<std::size_t>(count));
    return text;
}

/// The console's lines since the last call that nobody has seen; the last, if it is not whole,
/// waits.
class Console {
  public:
    explicit Console(const ContainerPlace& place)
        : offset_file_(place.sandbox_dir / "console.offset"),
          file_(base::open_file(place.console_log(), O_RDONLY)) {
        struct stat status {};
        if (::fstat(file_.get(), &status) != 0) {
            throw base::errno_error("stat", place.console_log().native(), errno);
        }
        const auto end = static_cast<std::uint64_t>(status.st_size);
        from_ = std::min(offset_in(offset_file_), end);
        if (end - from_ > kMostBytes) {
            skipped_ = end - kMostBytes - from_;
            from_ = end - kMostBytes;
        }
        text_ = read_range(file_, from_, end);
        text_.resize(text_.rfind('\n') + 1);  // npos + 1 is 0
    }

    [[nodiscard]] std::string_view text() const { return text_; }
    [[nodiscard]] std::uint64_t skipped() const { return skipped_; }

    void remember() const {
        base::write_file_atomically(offset_file_, std::to_string(from_ + text_.size()));
    }

  private:
    std::filesystem::path offset_file_;
    base::UniqueFd file_;
    std::uint64_t from_ = 0;
    std::uint64_t skipped_ = 0;
    std::string text_;
};

void relay_text(const RuntimeConfig& config,
                std::string_view text,
                const std::string& sandbox_id,
                base::Log& log) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const auto line = relayed_line(text.substr(0, end), sandbox_id);
        text.remove_prefix(std::min(end, text.size() - 1) + 1);
        if (line && (line->source == "agent" ? config.agent_debug || config.guest_debug
                                             : config.guest_debug)) {
            log.relay(*line);
        }
    }
}

void relay(const RuntimeConfig& config, const ContainerPlace& place, base::Log& log) {
    const base::FileLock lock = base::FileLock::acquire(place.sandbox_dir / "console.lock",
                                                        base::FileLock::Mode::exclusive,
                                                        base::Deadline::after(kLockWait));
    const Console console(place);
    if (console.skipped() > 0) {
        log.relay({"console",
                   place.sandbox_id,
                   "warning",
                   std::to_string(console.skipped()) + " bytes are left out"});
    }
    relay_text(config, console.text(), place.sandbox_id, log);
    console.remember();
}

}  // namespace

std::optional<base::RelayedLine> relayed_line(std::string_view line,
                                              const std::string& sandbox_id) {
    while (!line.empty() && line.front() == '\r') {
        line.remove_prefix(1);
    }
    const std::string clean = without_escapes(line);
    std::string_view text = clean;
    base::RelayedLine relayed{"console", sandbox_id, "info", ""};
    if (text.starts_with(kAgent)) {
        text.remove_prefix(kAgent.size());
        const bool debug = text.starts_with(kAgentDebug);
        text.remove_prefix(debug ? kAgentDebug.size() : 0);
        relayed.source = "agent";
        relayed.level = debug ? "debug" : "error";
    } else if (has_priority(text)) {
        relayed.source = "kernel";
        relayed.level = level_of_priority(text[1]);
        text.remove_prefix(3);
    }
    relayed.message = base::printable(text, kLongestLine);
    return relayed.message.empty() ? std::nullopt : std::optional(relayed);
}

void relay_guest_log(const RuntimeConfig& config,
                     const ContainerPlace& place,
                     base::Log& log) noexcept {
    if (!config.agent_debug && !config.guest_debug) {
        return;
    }
    try {
        relay(config, place, log);
    } catch (const base::Error& error) {
        // Without a VM there was no console.
        if (error.code() != base::ErrorCode::not_found) {
            log.warning(std::string("cannot pass the guest's log on: ") + error.what());
        }
    }
}

}  // namespace kata::sandbox
