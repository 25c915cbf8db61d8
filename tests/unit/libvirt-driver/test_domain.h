// Domains of libvirt's test driver, which lives in this process and starts every connection to
// test:///default with one running domain "test".
#pragma once

#include <string>

#include <libvirt/libvirt.h>

#include "pkg/libvirt-driver/handles.h"
#include "pkg/sandbox/hypervisor.h"

namespace kata::libvirt_driver {

inline constexpr const char* kTestUri = "test:///default";
inline constexpr const char* kPresetUuid = "6695eb01-f6a4-8304-79aa-97f2502e193f";
inline constexpr const char* kUnknownUuid = "00000000-0000-4000-8000-000000000000";

inline sandbox::VmConfig test_config(const std::string& name, const std::string& uuid) {
    sandbox::VmConfig config;
    config.name = name;
    config.uuid = uuid;
    return config;
}

/// The test driver takes no domain of a real hypervisor.
inline std::string test_xml(const sandbox::VmConfig& config) {
    return "<domain type='test'><name>" + config.name + "</name><uuid>" + config.uuid +
           "</uuid><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>";
}

}  // namespace kata::libvirt_driver
