#include "pkg/agent/guest/cpu_memory.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

// The numbers N of the entries <prefix>N.
std::vector<unsigned> numbered_entries(const fs::path& directory, std::string_view prefix) {
    std::vector<unsigned> numbers;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(directory, failure)) {
        const std::string name = entry.path().filename();
        if (!name.starts_with(prefix)) {
            continue;
        }
        unsigned number = 0;
        const char* const end = name.data() + name.size();
        const auto parsed = std::from_chars(name.data() + prefix.size(), end, number);
        if (parsed.ec == std::errc() && parsed.ptr == end) {
            numbers.push_back(number);
        }
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

bool reads(const fs::path& file, std::string_view word) {
    return base::try_read_file(file).value_or("").starts_with(word);
}

fs::path cpu_switch(const fs::path& root, unsigned number) {
    return root / "cpu" / ("cpu" + std::to_string(number)) / "online";
}

// The first CPU has no switch where it cannot be taken off line.
bool is_online(const fs::path& file) {
    return !base::try_read_file(file) || reads(file, "1");
}

}  // namespace

CpuMemory::CpuMemory(fs::path root) : root_(std::move(root)), initial_bytes_(online_bytes()) {}

CpuMemory::CpuCount CpuMemory::cpus() const {
    CpuCount count;
    for (const unsigned number : numbered_entries(root_ / "cpu", "cpu")) {
        ++count.present;
        count.online += is_online(cpu_switch(root_, number)) ? 1 : 0;
    }
    return count;
}

std::uint64_t CpuMemory::memory_block_bytes() const {
    const std::string text =
        base::try_read_file(root_ / "memory" / "block_size_bytes").value_or("");
    std::uint64_t bytes = 0;
    std::from_chars(text.data(), text.data() + text.size(), bytes, 16);
    return bytes;
}

unsigned CpuMemory::set_online_cpus(unsigned count) const {
    const auto numbers = numbered_entries(root_ / "cpu", "cpu");
    unsigned online = cpus().online;
    for (auto number = numbers.begin(); number != numbers.end() && online < count; ++number) {
        const fs::path file = cpu_switch(root_, *number);
        if (!is_online(file)) {
            base::write_existing_file(file, "1");
            ++online;
        }
    }
    for (auto number = numbers.rbegin(); number != numbers.rend() && online > count && online > 1;
         ++number) {
        const fs::path file = cpu_switch(root_, *number);
        if (reads(file, "1")) {
            base::write_existing_file(file, "0");
            --online;
        }
    }
    return cpus().online;
}

std::uint64_t CpuMemory::online_bytes() const {
    std::uint64_t blocks = 0;
    for (const unsigned number : numbered_entries(root_ / "memory", "memory")) {
        blocks += reads(root_ / "memory" / ("memory" + std::to_string(number)) / "state", "online")
                      ? 1
                      : 0;
    }
    return blocks * memory_block_bytes();
}

std::uint64_t CpuMemory::online_all_memory() const {
    for (const unsigned number : numbered_entries(root_ / "memory", "memory")) {
        const fs::path file = root_ / "memory" / ("memory" + std::to_string(number)) / "state";
        if (reads(file, "offline")) {
            base::write_existing_file(file, "online");
        }
    }
    return online_bytes();
}

void CpuMemory::online_memory(std::uint64_t plugged_mib, base::Deadline deadline) const {
    const std::uint64_t wanted = initial_bytes_ + plugged_mib * kMebibyte;
    for (;;) {
        const std::uint64_t online = online_all_memory();
        if (online >= wanted) {
            return;
        }
        if (deadline.passed()) {
            throw base::Error(base::ErrorCode::timeout,
                              "the guest does not see " +
                                  std::to_string((wanted - online) / kMebibyte) +
                                  " MiB of plugged memory");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

}  // namespace kata::agent::guest
