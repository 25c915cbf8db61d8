// CdiRegistry: the devices that the guest's CDI specifications know. A file of /var/run/cdi, which
// is made while the guest runs, goes before one of /etc/cdi that has the same device.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/agent/guest/cdi_spec.h"
#include "pkg/oci/cdi.h"

namespace kata::agent::guest {

/// Later ones go before earlier ones.
using CdiDirectories = std::vector<std::filesystem::path>;
[[nodiscard]] const CdiDirectories& cdi_directories();

class CdiRegistry {
  public:
    /// Borrows from the registry.
    struct Found {
        const CdiSpec& spec;
        const CdiDevice& device;
    };

    /// Reads all *.json and *.yaml. A directory that is not there is fine.
    /// @throws base::Error naming the file that cannot be read, and why.
    explicit CdiRegistry(const CdiDirectories& directories);

    /// Whether any specification is of the kind.
    [[nodiscard]] bool knows(const std::string& kind) const;

    /// @throws base::Error not_found, with the devices of the kind that there are; invalid_argument
    /// if two files of one directory have it.
    [[nodiscard]] Found find(const oci::CdiName& name) const;

  private:
    std::vector<CdiSpec> specs_;  // those that go before others first
};

}  // namespace kata::agent::guest
