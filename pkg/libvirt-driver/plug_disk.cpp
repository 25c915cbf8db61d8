#include "pkg/libvirt-driver/plug_disk.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>

#include <fmt/format.h>
#include <libvirt/virterror.h>

#include "pkg/base/error.h"
#include "pkg/libvirt-driver/disk_xml.h"
#include "pkg/libvirt-driver/domain.h"
#include "pkg/libvirt-driver/handles.h"
#include "pkg/libvirt-driver/libvirt_error.h"

namespace kata::libvirt_driver {
namespace {

using base::Error;
using base::ErrorCode;

// An event can be lost with a daemon that is restarted; the domain's XML never lies for long.
constexpr std::chrono::milliseconds kLookAgain{500};
// Under way for libvirt, but deaf to the first request: the guest was still booting.
constexpr std::chrono::seconds kAskAgain{3};

std::string failed(const char* verb, const std::string& serial, const std::string& uuid) {
    return fmt::format("cannot {} disk {} of VM with UUID {}",
                       verb,
                       base::printable(serial, 64),
                       base::printable(uuid));
}

DomainHandle find(virConnectPtr connection, const std::string& uuid, const std::string& operation) {
    DomainHandle domain(virDomainLookupByUUIDString(connection, uuid.c_str()));
    if (domain == nullptr) {
        throw last_error(operation);
    }
    return domain;
}

// libvirt has one number for much that it does not like, and QEMU none.
Error plug_error(const std::string& operation) {
    Error error = last_error(operation);
    const std::string_view text = error.what();
    if (text.find("PCI slots") != std::string_view::npos) {
        return {ErrorCode::unsupported,
                operation,
                "no place for it is left on the VM's bus; raise pcie_root_port in "
                "configuration.toml, or set block_device_driver to \"virtio-scsi\""};
    }
    if (text.find("Permission denied") != std::string_view::npos) {
        return {ErrorCode::permission_denied, error.what()};
    }
    return error;
}

/// Counts the devices that libvirt says have left one domain.
class Removals {
  public:
    Removals(virConnectPtr connection, virDomainPtr domain) : connection_(connection) {
        // The event loop may still call back when this object is gone: it owns what it touches.
        auto* shared = new std::shared_ptr<State>(state_);
        id_ = virConnectDomainEventRegisterAny(connection,
                                               domain,
                                               VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
                                               VIR_DOMAIN_EVENT_CALLBACK(&Removals::on_event),
                                               shared,
                                               &Removals::forget);
        if (id_ < 0) {
            forget(shared);  // no events, so that only the XML tells
        }
    }
    Removals(const Removals&) = delete;
    Removals& operator=(const Removals&) = delete;
    Removals(Removals&&) = delete;
    Removals& operator=(Removals&&) = delete;
    ~Removals() {
        if (id_ >= 0) {
            static_cast<void>(virConnectDomainEventDeregisterAny(connection_, id_));
        }
    }

    /// Returns at an event, after `most`, or at once if there was one since the last call.
    void wait(std::chrono::milliseconds most) {
        std::unique_lock lock(state_->mutex);
        state_->changed.wait_for(lock, most, [this] { return state_->seen; });
        state_->seen = false;
    }

  private:
    struct State {
        std::mutex mutex;
        std::condition_variable changed;
        bool seen = false;
    };

    static void on_event(virConnectPtr, virDomainPtr, const char* /*alias*/, void* opaque) {
        const auto state = *static_cast<std::shared_ptr<State>*>(opaque);
        const std::lock_guard lock(state->mutex);
        state->seen = true;
        state->changed.notify_all();
    }
    static void forget(void* opaque) { delete static_cast<std::shared_ptr<State>*>(opaque); }

    virConnectPtr connection_;
    std::shared_ptr<State> state_ = std::make_shared<State>();
    int id_ = -1;
};

/// nullopt also for a domain that has ended meanwhile.
std::optional<LiveDisk> live_disk(virDomainPtr domain, const std::string& serial) {
    const LibvirtText xml(virDomainGetXMLDesc(domain, 0));
    if (xml == nullptr) {
        if (last_error_number() == VIR_ERR_NO_DOMAIN) {
            return std::nullopt;
        }
        throw last_error("cannot read the XML of the VM");
    }
    return find_disk(xml.get(), serial);
}

void ask_to_let_go(virDomainPtr domain, const LiveDisk& disk, const std::string& operation) {
    if (virDomainDetachDeviceFlags(domain, disk.element.c_str(), VIR_DOMAIN_AFFECT_LIVE) >= 0) {
        return;
    }
    const Error error = last_error(operation);
    // A request under way is refused a second time; one that came too early is not.
    if (std::string_view(error.what()).find("in the process of unplug") == std::string_view::npos &&
        last_error_number() != VIR_ERR_DEVICE_MISSING) {
        throw Error(error);
    }
}

}  // namespace

void attach_disk(virConnectPtr connection, const std::string& uuid, const sandbox::VmDisk& disk) {
    const std::string operation = failed("plug", disk.serial, uuid);
    const DomainHandle domain = find(connection, uuid, operation);
    const std::string xml = build_disk_xml(disk, live_xml(domain.get()));
    if (virDomainAttachDeviceFlags(domain.get(), xml.c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0) {
        throw plug_error(operation);
    }
}

void detach_disk(virConnectPtr connection,
                 const std::string& uuid,
                 const std::string& serial,
                 base::Deadline deadline) {
    const std::string operation = failed("unplug", serial, uuid);
    const DomainHandle domain(virDomainLookupByUUIDString(connection, uuid.c_str()));
    if (domain == nullptr) {
        if (last_error_number() == VIR_ERR_NO_DOMAIN) {
            return;
        }
        throw last_error(operation);
    }
    Removals removals(connection, domain.get());
    auto next_request = base::Deadline::after(std::chrono::seconds(0));
    while (const auto disk = live_disk(domain.get(), serial)) {
        if (deadline.passed()) {
            throw Error(ErrorCode::timeout, operation, "the guest does not let go of it");
        }
        if (next_request.passed()) {
            ask_to_let_go(domain.get(), *disk, operation);
            next_request = base::Deadline::after(kAskAgain);
        }
        removals.wait(kLookAgain);
    }
}

void resize_disk(virConnectPtr connection,
                 const std::string& uuid,
                 const std::string& serial,
                 std::uint64_t bytes) {
    const std::string operation = failed("resize", serial, uuid);
    const DomainHandle domain = find(connection, uuid, operation);
    const auto disk = live_disk(domain.get(), serial);
    if (!disk) {
        throw Error(ErrorCode::not_found, operation, "the VM has no such disk");
    }
    if (virDomainBlockResize(
            domain.get(), disk->target.c_str(), bytes, VIR_DOMAIN_BLOCK_RESIZE_BYTES) < 0) {
        throw last_error(operation);
    }
}

}  // namespace kata::libvirt_driver
