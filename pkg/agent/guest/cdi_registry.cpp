#include "pkg/agent/guest/cdi_registry.h"

#include <algorithm>
#include <set>
#include <system_error>

#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/base/quoted.h"

namespace kata::agent::guest {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using base::quoted;

std::vector<fs::path> files_in(const fs::path& directory) {
    std::vector<fs::path> files;
    std::error_code failure;
    fs::directory_iterator entry(directory, failure);
    for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
        const fs::path extension = entry->path().extension();
        std::error_code unreadable;  // reading the file says why
        if ((extension == ".json" || extension == ".yaml") && !entry->is_directory(unreadable)) {
            files.push_back(entry->path());
        }
    }
    if (failure && failure != std::errc::no_such_file_or_directory) {
        throw base::errno_error("read the directory", directory.native(), failure.value());
    }
    std::ranges::sort(files);
    return files;
}

const CdiDevice* device_in(const CdiSpec& spec, const oci::CdiName& name) {
    if (spec.kind != name.kind) {
        return nullptr;
    }
    const auto device = std::ranges::find(spec.devices, name.name, &CdiDevice::name);
    return device == spec.devices.end() ? nullptr : &*device;
}

std::string names_of(const std::vector<CdiSpec>& specs, const std::string& kind) {
    std::set<std::string> names;
    for (const CdiSpec& spec : specs) {
        for (const CdiDevice& device : spec.devices) {
            if (spec.kind == kind) {
                names.insert(device.name);
            }
        }
    }
    std::string list;
    for (const std::string& name : names) {
        list += (list.empty() ? "" : ", ") + name;
    }
    return list;
}

}  // namespace

const CdiDirectories& cdi_directories() {
    static const CdiDirectories directories{"/etc/cdi", "/var/run/cdi"};
    return directories;
}

CdiRegistry::CdiRegistry(const CdiDirectories& directories) {
    for (auto directory = directories.rbegin(); directory != directories.rend(); ++directory) {
        for (const fs::path& file : files_in(*directory)) {
            specs_.push_back(parse_cdi_spec(file, base::read_file(file)));
        }
    }
}

bool CdiRegistry::knows(const std::string& kind) const {
    return std::ranges::find(specs_, kind, &CdiSpec::kind) != specs_.end();
}

CdiRegistry::Found CdiRegistry::find(const oci::CdiName& name) const {
    const CdiSpec* first = nullptr;
    for (const CdiSpec& spec : specs_) {
        if (device_in(spec, name) == nullptr) {
            continue;
        }
        if (first == nullptr) {
            first = &spec;
        } else if (first->path.parent_path() == spec.path.parent_path()) {
            throw Error(ErrorCode::invalid_argument,
                        "two CDI specifications of the guest have " + quoted(to_string(name)) +
                            ": " + first->path.native() + " and " + spec.path.native());
        }
    }
    if (first == nullptr) {
        throw Error(ErrorCode::not_found,
                    "the guest has no device " + quoted(to_string(name)) + "; of " + name.kind +
                        " it has " + names_of(specs_, name.kind));
    }
    return {*first, *device_in(*first, name)};
}

}  // namespace kata::agent::guest
