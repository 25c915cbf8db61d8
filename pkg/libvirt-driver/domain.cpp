#include "pkg/libvirt-driver/domain.h"

#include <thread>

#include <fmt/format.h>
#include <libvirt/virterror.h>

#include "pkg/libvirt-driver/libvirt_error.h"

namespace kata::libvirt_driver {
namespace {

using base::Error;
using base::ErrorCode;
using sandbox::VmState;

constexpr std::chrono::milliseconds kPollInterval{10};

std::string failed(std::string_view operation, const std::string& uuid) {
    return fmt::format("cannot {} VM with UUID {}", operation, base::printable(uuid));
}

/// Null if there is none; other failures throw.
DomainHandle find_domain(virConnectPtr connection, const std::string& uuid) {
    DomainHandle domain(virDomainLookupByUUIDString(connection, uuid.c_str()));
    if (domain == nullptr && last_error_number() != VIR_ERR_NO_DOMAIN) {
        throw last_error(failed("look up", uuid));
    }
    return domain;
}

bool name_or_uuid_taken(virConnectPtr connection, const sandbox::VmConfig& config) {
    const DomainHandle by_name(virDomainLookupByName(connection, config.name.c_str()));
    return by_name != nullptr || find_domain(connection, config.uuid) != nullptr;
}

/// nullopt if the domain vanished meanwhile.
std::optional<int> libvirt_state(virDomainPtr domain, const std::string& uuid) {
    int state = VIR_DOMAIN_NOSTATE;
    if (virDomainGetState(domain, &state, nullptr, 0) == 0) {
        return state;
    }
    if (last_error_number() == VIR_ERR_NO_DOMAIN) {
        return std::nullopt;
    }
    throw last_error(failed("ask the state of", uuid));
}

void forget_if_persistent(virDomainPtr domain, const std::string& uuid) {
    if (virDomainIsPersistent(domain) != 1) {
        return;
    }
    if (virDomainUndefine(domain) < 0 && last_error_number() != VIR_ERR_NO_DOMAIN) {
        throw last_error(failed("undefine", uuid));
    }
}

/// One attempt. nullopt: gone. Else why it is still there.
std::optional<Error> try_destroy(virConnectPtr connection, const std::string& uuid) {
    const DomainHandle domain = find_domain(connection, uuid);
    if (domain == nullptr) {
        return std::nullopt;
    }
    if (virDomainIsActive(domain.get()) == 0) {
        forget_if_persistent(domain.get(), uuid);
        return std::nullopt;
    }
    if (virDomainDestroy(domain.get()) < 0) {
        return last_error(failed("destroy", uuid));
    }
    return Error(ErrorCode::timeout, failed("destroy", uuid), "it is still running");
}

}  // namespace

DomainHandle create_domain(virConnectPtr connection,
                           const sandbox::VmConfig& config,
                           const std::string& xml,
                           unsigned flags) {
    DomainHandle domain(virDomainCreateXML(connection, xml.c_str(), flags));
    if (domain == nullptr) {
        const Error error = last_error(fmt::format("cannot start VM \"{}\"", config.name));
        // A clash has several error numbers, none of its own: ask instead of reading the text.
        if (name_or_uuid_taken(connection, config)) {
            throw Error(ErrorCode::already_exists, error.what());
        }
        throw Error(error);
    }
    return domain;
}

DomainHandle require_domain(virConnectPtr connection,
                            const std::string& uuid,
                            const std::string& operation) {
    DomainHandle domain(virDomainLookupByUUIDString(connection, uuid.c_str()));
    if (domain == nullptr) {
        throw last_error(operation);
    }
    return domain;
}

void resume_domain(virConnectPtr connection, const std::string& uuid) {
    const DomainHandle domain(virDomainLookupByUUIDString(connection, uuid.c_str()));
    if (domain == nullptr || virDomainResume(domain.get()) < 0) {
        throw last_error(failed("resume", uuid));
    }
}

void destroy_domain(virConnectPtr connection, const std::string& uuid, base::Deadline deadline) {
    // Repeated because libvirt refuses while another job holds the domain (a start under way), and
    // because a domain is looked up once more to know that it is gone.
    while (const std::optional<Error> failure = try_destroy(connection, uuid)) {
        if (virConnectIsAlive(connection) != 1 || deadline.passed()) {
            throw Error(*failure);
        }
        std::this_thread::sleep_for(kPollInterval);
    }
}

VmState vm_state_of(int libvirt_state) {
    switch (libvirt_state) {
        case VIR_DOMAIN_RUNNING:
        case VIR_DOMAIN_BLOCKED:
        case VIR_DOMAIN_SHUTDOWN:  // shutting down, QEMU still lives
            return VmState::running;
        case VIR_DOMAIN_PAUSED:
        case VIR_DOMAIN_PMSUSPENDED:
            return VmState::paused;
        default:
            return VmState::stopped;
    }
}

VmState domain_state(virConnectPtr connection, const std::string& uuid) {
    const DomainHandle domain = find_domain(connection, uuid);
    if (domain == nullptr) {
        return VmState::stopped;
    }
    return vm_state_of(libvirt_state(domain.get(), uuid).value_or(VIR_DOMAIN_SHUTOFF));
}

std::string live_xml(virDomainPtr domain) {
    const LibvirtText xml(virDomainGetXMLDesc(domain, 0));
    if (xml == nullptr) {
        throw last_error("cannot read the XML of the started VM");
    }
    return xml.get();
}

}  // namespace kata::libvirt_driver
