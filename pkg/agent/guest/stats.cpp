#include "pkg/agent/guest/stats.h"

#include <charconv>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

constexpr std::uint64_t kNanosecondsPerMicrosecond = 1000;

std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

std::string text_of(const Cgroup& cgroup, const char* file) {
    return base::try_read_file(cgroup.directory() / file).value_or("");
}

// Also of "max", which stands for no limit.
std::uint64_t number_in(const Cgroup& cgroup, const char* file) {
    std::string word;
    std::istringstream(text_of(cgroup, file)) >> word;
    return number_of(word).value_or(0);
}

std::uint64_t value_of(const std::map<std::string, std::uint64_t>& counters, const char* name) {
    const auto found = counters.find(name);
    return found == counters.end() ? 0 : found->second;
}

void add_cpu(const Cgroup& cgroup, v1::StatsContainerResponse& stats) {
    const auto counters = parse_counters(text_of(cgroup, "cpu.stat"));
    stats.set_cpu_total(value_of(counters, "usage_usec") * kNanosecondsPerMicrosecond);
    stats.set_cpu_user(value_of(counters, "user_usec") * kNanosecondsPerMicrosecond);
    stats.set_cpu_system(value_of(counters, "system_usec") * kNanosecondsPerMicrosecond);
    stats.set_throttling_periods(value_of(counters, "nr_periods"));
    stats.set_throttled_periods(value_of(counters, "nr_throttled"));
    stats.set_throttled_time(value_of(counters, "throttled_usec") * kNanosecondsPerMicrosecond);
}

void add_memory(const Cgroup& cgroup, v1::StatsContainerResponse& stats) {
    stats.set_memory_usage(number_in(cgroup, "memory.current"));
    stats.set_memory_max_usage(number_in(cgroup, "memory.peak"));
    stats.set_memory_limit(number_in(cgroup, "memory.max"));
    stats.set_swap_usage(number_in(cgroup, "memory.swap.current"));
    stats.set_swap_limit(number_in(cgroup, "memory.swap.max"));
    const auto events = parse_counters(text_of(cgroup, "memory.events"));
    stats.set_memory_failures(value_of(events, "max"));
    stats.set_out_of_memory_kills(value_of(events, "oom_kill"));
    const auto details = parse_counters(text_of(cgroup, "memory.stat"));
    stats.set_kernel_usage(value_of(details, "kernel"));
    stats.mutable_memory_raw()->insert(details.begin(), details.end());
}

void add_entry(google::protobuf::RepeatedPtrField<v1::BlockIoEntry>& entries,
               std::pair<std::uint64_t, std::uint64_t> device,
               const char* operation,
               std::uint64_t value) {
    v1::BlockIoEntry& entry = *entries.Add();
    entry.set_major(device.first);
    entry.set_minor(device.second);
    entry.set_operation(operation);
    entry.set_value(value);
}

struct IoName {
    const char* key;
    const char* operation;
};

void add_io_line(const std::string& line, v1::StatsContainerResponse& stats) {
    std::istringstream words(line);
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    char colon = 0;
    if (!(words >> major >> colon >> minor) || colon != ':') {
        return;
    }
    std::map<std::string, std::uint64_t> counters;
    for (std::string word; words >> word;) {
        const auto equals = word.find('=');
        if (equals != std::string::npos) {
            counters[word.substr(0, equals)] =
                number_of(std::string_view(word).substr(equals + 1)).value_or(0);
        }
    }
    for (const IoName name : std::initializer_list<IoName>{
             {"rbytes", "Read"}, {"wbytes", "Write"}, {"dbytes", "Discard"}}) {
        add_entry(*stats.mutable_io_bytes(),
                  {major, minor},
                  name.operation,
                  value_of(counters, name.key));
    }
    for (const IoName name :
         std::initializer_list<IoName>{{"rios", "Read"}, {"wios", "Write"}, {"dios", "Discard"}}) {
        add_entry(*stats.mutable_io_operations(),
                  {major, minor},
                  name.operation,
                  value_of(counters, name.key));
    }
}

}  // namespace

std::map<std::string, std::uint64_t> parse_counters(const std::string& text) {
    std::map<std::string, std::uint64_t> counters;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const auto blank = line.find(' ');
        if (blank == std::string::npos) {
            continue;
        }
        if (const auto number = number_of(std::string_view(line).substr(blank + 1))) {
            counters[line.substr(0, blank)] = *number;
        }
    }
    return counters;
}

void add_io(const std::string& text, v1::StatsContainerResponse& stats) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        add_io_line(line, stats);
    }
}

void add_network(const std::string& text, v1::StatsContainerResponse& stats) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const auto colon = line.find(':');
        if (colon == std::string::npos) {
            continue;  // the two lines of titles
        }
        const auto first = line.find_first_not_of(' ');
        v1::NetworkCounters counters;
        counters.set_name(line.substr(first, colon - first));
        std::istringstream values(line.substr(colon + 1));
        std::uint64_t rx[8] = {};
        std::uint64_t tx[4] = {};
        for (std::uint64_t& value : rx) {
            values >> value;
        }
        for (std::uint64_t& value : tx) {
            values >> value;
        }
        if (!values || counters.name() == "lo") {
            continue;
        }
        counters.set_rx_bytes(rx[0]);
        counters.set_rx_packets(rx[1]);
        counters.set_rx_errors(rx[2]);
        counters.set_rx_dropped(rx[3]);
        counters.set_tx_bytes(tx[0]);
        counters.set_tx_packets(tx[1]);
        counters.set_tx_errors(tx[2]);
        counters.set_tx_dropped(tx[3]);
        *stats.add_network() = std::move(counters);
    }
}

std::uint64_t out_of_memory_kills(const Cgroup& cgroup) {
    if (!cgroup.known()) {
        return 0;
    }
    return value_of(parse_counters(text_of(cgroup, "memory.events")), "oom_kill");
}

v1::StatsContainerResponse read_stats(const Cgroup& cgroup) {
    std::error_code ignored;
    if (!cgroup.known() || !std::filesystem::exists(cgroup.directory(), ignored)) {
        throw base::Error(base::ErrorCode::invalid_state, "container not running");
    }
    v1::StatsContainerResponse stats;
    add_cpu(cgroup, stats);
    add_memory(cgroup, stats);
    stats.set_pids_current(number_in(cgroup, "pids.current"));
    stats.set_pids_limit(number_in(cgroup, "pids.max"));
    add_io(text_of(cgroup, "io.stat"), stats);
    add_network(base::try_read_file("/proc/net/dev").value_or(""), stats);
    return stats;
}

}  // namespace kata::agent::guest
