// HugePages: the guest's pools of huge pages, as large as its containers may use together. The
// kernel gives a container none that nobody has put aside. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace kata::agent::guest {

struct HugePageLimit {
    std::string page_size;  // as the specification writes it: "2MB"
    std::uint64_t bytes = 0;
    bool operator==(const HugePageLimit&) const = default;
};

/// Takes linux.resources.hugepageLimits out of a specification.
/// @throws base::Error invalid_argument for a limit that is not well-formed.
[[nodiscard]] std::vector<HugePageLimit> take_huge_page_limits(nlohmann::json& spec);

/// KiB of "64KB", "2MB" or "1GB". @throws base::Error invalid_argument.
[[nodiscard]] std::uint64_t page_kib(const std::string& page_size);

class HugePages {
  public:
    /// @param directory with one directory for each size.
    explicit HugePages(std::filesystem::path directory = "/sys/kernel/mm/hugepages")
        : directory_(std::move(directory)) {}

    /// Adds pages for all of the limits to the pools.
    /// @throws base::Error unsupported, naming size and page size, for what the kernel cannot give;
    /// then nothing was added.
    void reserve(const std::string& container_id, const std::vector<HugePageLimit>& limits);

    /// Takes what was added for the container away. An unknown container is fine; trouble is
    /// logged.
    void release(const std::string& container_id) noexcept;

  private:
    struct Pages {
        std::filesystem::path pool;
        std::uint64_t count;
    };
    [[nodiscard]] Pages add(const HugePageLimit& limit) const;

    const std::filesystem::path directory_;
    std::mutex mutex_;
    std::map<std::string, std::vector<Pages>> reserved_;  // by container
};

}  // namespace kata::agent::guest
