#include "pkg/agent/guest/huge_pages.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "pkg/agent/guest/guest_log.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 3> kUnits{{
    {"KB", 1},
    {"MB", std::uint64_t{1} << 10},
    {"GB", std::uint64_t{1} << 20},
}};
constexpr std::uint64_t kMostKib = std::uint64_t{1} << 30;

std::uint64_t number_in(const std::filesystem::path& file) {
    const std::string text = base::try_read_file(file).value_or("");
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Error cannot_reserve(const HugePageLimit& limit, const std::string& why) {
    return {ErrorCode::unsupported,
            "cannot reserve " + std::to_string(limit.bytes) + " bytes of huge pages of " +
                base::printable(limit.page_size, 32) + " in the guest: " + why};
}

HugePageLimit parsed_limit(const json& limit) {
    if (!limit.is_object() || !limit.value("pageSize", json()).is_string() ||
        !limit.value("limit", json()).is_number_unsigned()) {
        throw Error(ErrorCode::invalid_argument,
                    "linux.resources.hugepageLimits has an entry without pageSize and limit");
    }
    return {limit["pageSize"].get<std::string>(), limit["limit"].get<std::uint64_t>()};
}

}  // namespace

std::vector<HugePageLimit> take_huge_page_limits(json& spec) {
    const json::json_pointer resources("/linux/resources");
    if (!spec.contains(resources) || !spec[resources].is_object() ||
        !spec[resources].contains("hugepageLimits")) {
        return {};
    }
    std::vector<HugePageLimit> limits;
    for (const json& limit : spec[resources]["hugepageLimits"]) {
        limits.push_back(parsed_limit(limit));
    }
    spec[resources].erase("hugepageLimits");
    return limits;
}

std::uint64_t page_kib(const std::string& page_size) {
    std::uint64_t number = 0;
    const char* const end = page_size.data() + page_size.size();
    const auto [rest, error] = std::from_chars(page_size.data(), end, number);
    const auto* const unit = std::ranges::find(
        kUnits, std::string_view(rest, end), &std::pair<std::string_view, std::uint64_t>::first);
    if (error != std::errc() || unit == kUnits.end() || number == 0 ||
        number > kMostKib / unit->second) {
        throw Error(ErrorCode::invalid_argument,
                    "\"" + base::printable(page_size, 32) + "\" is no size of huge pages");
    }
    return number * unit->second;
}

HugePages::Pages HugePages::add(const HugePageLimit& limit) const {
    const std::uint64_t kib = page_kib(limit.page_size);
    const auto pool = directory_ / ("hugepages-" + std::to_string(kib) + "kB") / "nr_hugepages";
    std::error_code ignored;
    if (!std::filesystem::exists(pool, ignored)) {
        throw cannot_reserve(limit, "its kernel or processor has none of this size");
    }
    const std::uint64_t page_bytes = kib << 10U;
    const std::uint64_t count = limit.bytes / page_bytes + (limit.bytes % page_bytes != 0 ? 1 : 0);
    const std::uint64_t before = number_in(pool);
    base::write_existing_file(pool, std::to_string(before + count));
    const std::uint64_t now = number_in(pool);
    if (now < before + count) {
        base::write_existing_file(pool, std::to_string(before));
        throw cannot_reserve(limit,
                             "it has memory for " + std::to_string(now - std::min(now, before)) +
                                 " of " + std::to_string(count) +
                                 " pages; raise default_memory or default_maxmemory");
    }
    return {pool, count};
}

void HugePages::reserve(const std::string& container_id, const std::vector<HugePageLimit>& limits) {
    try {
        for (const HugePageLimit& limit : limits) {
            const std::lock_guard lock(mutex_);
            reserved_[container_id].push_back(add(limit));
        }
    } catch (...) {
        release(container_id);
        throw;
    }
}

void HugePages::release(const std::string& container_id) noexcept {
    const std::lock_guard lock(mutex_);
    const auto found = reserved_.find(container_id);
    if (found == reserved_.end()) {
        return;
    }
    for (const Pages& pages : found->second) {
        try {
            const std::uint64_t now = number_in(pages.pool);
            base::write_existing_file(pages.pool, std::to_string(now - std::min(now, pages.count)));
        } catch (const Error& error) {
            log_error(error.what());
        }
    }
    reserved_.erase(found);
}

}  // namespace kata::agent::guest
