#include "pkg/agent/guest/virtio_modules.h"

#include <charconv>
#include <set>
#include <sstream>
#include <system_error>

#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

// A device's file holds its number as "0x0004".
std::set<unsigned> device_numbers(const std::filesystem::path& devices) {
    constexpr std::size_t kPrefix = 2;
    std::set<unsigned> numbers;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(devices, failure)) {
        const std::string text = base::try_read_file(entry.path() / "device").value_or("");
        unsigned number = 0;
        if (text.starts_with("0x") &&
            std::from_chars(text.data() + kPrefix, text.data() + text.size(), number, 16).ec ==
                std::errc()) {
            numbers.insert(number);
        }
    }
    return numbers;
}

}  // namespace

std::vector<std::string> virtio_modules(const std::string& list,
                                        const std::filesystem::path& devices) {
    const std::set<unsigned> present = device_numbers(devices);
    std::vector<std::string> paths;
    std::istringstream lines(list);
    unsigned number = 0;
    for (std::string path; lines >> number >> path;) {
        if (present.contains(number)) {
            paths.push_back(path);
        }
    }
    return paths;
}

}  // namespace kata::agent::guest
