#include "pkg/agent/guest/pci_device.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>

#include "pkg/agent/guest/poll.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"

namespace kata::agent::guest {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

constexpr const char* kRootBus = "devices/pci0000:00";

// "0000:03:00.0" is at "00.0" of whichever bus.
std::optional<fs::path> child_at(const fs::path& bus, const std::string& place) {
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(bus, missing)) {
        const std::string name = entry.path().filename();
        if (name.starts_with("0000:") && name.ends_with(":" + place)) {
            return entry.path();
        }
    }
    return std::nullopt;
}

std::string line_of(const fs::path& file) {
    std::string text = base::try_read_file(file).value_or("");
    text.erase(std::find(text.begin(), text.end(), '\n'), text.end());
    return text;
}

// "0x8086"
std::string without_prefix(const std::string& number) {
    return number.starts_with("0x") ? number.substr(2) : number;
}

std::string value_in(const std::string& uevent, std::string_view name) {
    std::istringstream lines(uevent);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == '=') {
            return line.substr(name.size() + 1);
        }
    }
    return "";
}

bool read_number(const std::string& text, unsigned& number) {
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number);
    return !text.empty() && result.ec == std::errc() && result.ptr == end;
}

std::optional<DriverNode> node_in(const fs::path& directory) {
    const std::string uevent = base::try_read_file(directory / "uevent").value_or("");
    DriverNode node;
    const std::string name = value_in(uevent, "DEVNAME");
    if (name.empty() || !read_number(value_in(uevent, "MAJOR"), node.major) ||
        !read_number(value_in(uevent, "MINOR"), node.minor)) {
        return std::nullopt;
    }
    node.path = "/dev/" + name;
    std::error_code missing;
    node.is_block = fs::read_symlink(directory / "subsystem", missing).filename() == "block";
    return node;
}

}  // namespace

std::optional<fs::path> find_pci_device(const std::string& pci_path, const fs::path& sysfs) {
    std::optional<fs::path> device = sysfs / kRootBus;
    std::istringstream places(pci_path);
    bool any = false;
    for (std::string place; device && std::getline(places, place, '/'); any = true) {
        device = child_at(*device, place);
    }
    return any ? device : std::nullopt;
}

fs::path await_pci_device(const std::string& pci_path,
                          base::Deadline deadline,
                          const fs::path& sysfs) {
    std::optional<fs::path> found;
    if (!eventually(deadline, [&] { return (found = find_pci_device(pci_path, sysfs)); })) {
        throw Error(ErrorCode::not_found,
                    "the guest finds no PCI device at \"" + base::printable(pci_path, 64) + "\"");
    }
    return *found;
}

bool await_driver(const fs::path& device, base::Deadline deadline) {
    return eventually(deadline, [&] {
        std::error_code missing;
        return fs::is_symlink(device / "driver", missing);
    });
}

std::string describe_pci_device(const fs::path& device) {
    return without_prefix(line_of(device / "vendor")) + ":" +
           without_prefix(line_of(device / "device")) + " (modalias " +
           base::printable(line_of(device / "modalias"), 128) + ")";
}

std::vector<DriverNode> nodes_of_device(const fs::path& device) {
    std::vector<DriverNode> nodes;
    std::error_code gone;
    for (const auto& entry : fs::recursive_directory_iterator(device, gone)) {
        if (entry.is_symlink(gone) || !entry.is_directory(gone)) {
            continue;
        }
        if (auto node = node_in(entry.path())) {
            nodes.push_back(std::move(*node));
        }
    }
    std::ranges::sort(nodes, {}, &DriverNode::path);
    return nodes;
}

}  // namespace kata::agent::guest
