#include "pkg/sandbox/sizing.h"

#include <sys/sysinfo.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>

namespace kata::sandbox {
namespace {

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
constexpr std::int64_t kDefaultPeriod = 100000;  // microseconds
constexpr unsigned kMostCpus = 240;
// Sums of limits beyond any machine need not be exact, only not overflow.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 60;

/// What containers ask for, in the units of the sums.
struct Demand {
    std::uint64_t milli_cpus = 0;
    std::uint64_t listed_cpus = 0;
    std::uint64_t bytes = 0;
};

std::uint64_t milli_cpus_of(std::int64_t quota, std::int64_t period) {
    constexpr std::int64_t kMostQuota = std::int64_t{1} << 50;
    if (quota <= 0 || period < 0) {
        return 0;
    }
    return static_cast<std::uint64_t>(std::min(quota, kMostQuota) * 1000 /
                                      (period == 0 ? kDefaultPeriod : period));
}

std::uint64_t bytes_of(std::int64_t limit) {
    return limit <= 0 ? 0 : std::min(static_cast<std::uint64_t>(limit), kMostBytes);
}

std::uint64_t huge_page_bytes(const oci::Resources& resources) {
    const auto limits = resources.document.find("hugepageLimits");
    if (limits == resources.document.end() || !limits->is_array()) {
        return 0;
    }
    std::uint64_t bytes = 0;
    for (const auto& limit : *limits) {
        if (limit.is_object() && limit.contains("limit") && limit["limit"].is_number_integer()) {
            bytes += bytes_of(limit["limit"].get<std::int64_t>());
        }
    }
    return bytes;
}

void add_limits(const oci::Spec& spec, Demand& demand) {
    if (!spec.linux_) {
        return;
    }
    const oci::Resources& resources = spec.linux_->resources;
    demand.milli_cpus += milli_cpus_of(resources.cpu.quota.value_or(0),
                                       static_cast<std::int64_t>(resources.cpu.period.value_or(0)));
    demand.listed_cpus += cpus_in_list(resources.cpu.cpus);
    demand.bytes += bytes_of(resources.memory.limit.value_or(0)) + huge_page_bytes(resources);
}

std::int64_t annotated_number(const oci::Spec& spec, const char* name) {
    const auto found = spec.annotations.find(name);
    if (found == spec.annotations.end()) {
        return 0;
    }
    const std::string& text = found->second;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

// containerd's CRI tells with the sandbox what all containers of the pod will be allowed.
void raise_to_annotations(const oci::Spec& spec, Demand& demand) {
    demand.milli_cpus =
        std::max(demand.milli_cpus,
                 milli_cpus_of(annotated_number(spec, "io.kubernetes.cri.sandbox-cpu-quota"),
                               annotated_number(spec, "io.kubernetes.cri.sandbox-cpu-period")));
    demand.bytes = std::max(demand.bytes,
                            bytes_of(annotated_number(spec, "io.kubernetes.cri.sandbox-memory")));
}

bool take_number(std::string_view& text, unsigned& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc();
}

// "3" or "0-3". 0: neither.
unsigned cpus_in_range(std::string_view range) {
    unsigned first = 0;
    if (!take_number(range, first)) {
        return 0;
    }
    unsigned last = first;
    if (!range.empty()) {
        if (range.front() != '-') {
            return 0;
        }
        range.remove_prefix(1);
        if (!take_number(range, last) || !range.empty() || last < first) {
            return 0;
        }
    }
    return std::min(last - first, kMostCpus) + 1;
}

}  // namespace

unsigned cpus_in_list(const std::string& list) {
    unsigned count = 0;
    std::istringstream ranges(list);
    for (std::string range; std::getline(ranges, range, ',');) {
        std::erase_if(range, [](char c) { return c == ' ' || c == '\n'; });
        count = std::min(count + cpus_in_range(range), kMostCpus);
    }
    return count;
}

SandboxSize host_size() {
    const auto pages = static_cast<std::uint64_t>(std::max(::get_phys_pages(), 0L));
    const auto page_bytes = static_cast<std::uint64_t>(::getpagesize());
    return {static_cast<unsigned>(std::max(::get_nprocs(), 1)), pages * page_bytes / kMebibyte};
}

SizeBounds size_bounds(const RuntimeConfig& config, const SandboxSize& host) {
    const unsigned cpus =
        config.default_max_vcpus == 0 ? host.cpus : std::min(config.default_max_vcpus, host.cpus);
    const std::uint64_t memory = config.default_max_memory_mib == 0
                                     ? host.memory_mib
                                     : std::min(config.default_max_memory_mib, host.memory_mib);
    return {std::max(std::min(cpus, kMostCpus), config.default_vcpus),
            std::max(memory, config.default_memory_mib)};
}

SandboxSize sandbox_size(const RuntimeConfig& config,
                         const SizeBounds& bounds,
                         const std::vector<oci::Spec>& specs) {
    Demand demand;
    for (const oci::Spec& spec : specs) {
        add_limits(spec, demand);
    }
    for (const oci::Spec& spec : specs) {
        raise_to_annotations(spec, demand);
    }
    const std::uint64_t cpus =
        demand.milli_cpus > 0 ? (demand.milli_cpus + 999) / 1000 : demand.listed_cpus;
    const std::uint64_t memory = (demand.bytes + kMebibyte - 1) / kMebibyte;
    return {
        static_cast<unsigned>(std::min<std::uint64_t>(config.default_vcpus + cpus, bounds.cpus)),
        std::min(config.default_memory_mib + memory, bounds.memory_mib)};
}

}  // namespace kata::sandbox
