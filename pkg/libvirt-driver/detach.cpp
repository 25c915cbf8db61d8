#include "pkg/libvirt-driver/detach.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>

#include <libvirt/virterror.h>

#include "pkg/base/error.h"
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

/// Empty also for a domain that has ended meanwhile.
std::string element_of(virDomainPtr domain, const FindElement& find) {
    const LibvirtText xml(virDomainGetXMLDesc(domain, 0));
    if (xml != nullptr) {
        return find(xml.get());
    }
    if (last_error_number() == VIR_ERR_NO_DOMAIN) {
        return "";
    }
    throw last_error("cannot read the XML of the VM");
}

void ask_to_let_go(virDomainPtr domain, const std::string& element, const std::string& operation) {
    if (virDomainDetachDeviceFlags(domain, element.c_str(), VIR_DOMAIN_AFFECT_LIVE) >= 0) {
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

void detach_device(virConnectPtr connection,
                   const std::string& uuid,
                   const std::string& operation,
                   const FindElement& find,
                   base::Deadline deadline) {
    const DomainHandle domain(virDomainLookupByUUIDString(connection, uuid.c_str()));
    if (domain == nullptr) {
        if (last_error_number() == VIR_ERR_NO_DOMAIN) {
            return;
        }
        throw last_error(operation);
    }
    Removals removals(connection, domain.get());
    auto next_request = base::Deadline::after(std::chrono::seconds(0));
    for (std::string element = element_of(domain.get(), find); !element.empty();
         element = element_of(domain.get(), find)) {
        if (deadline.passed()) {
            throw Error(ErrorCode::timeout, operation, "the guest does not let go of it");
        }
        if (next_request.passed()) {
            ask_to_let_go(domain.get(), element, operation);
            next_request = base::Deadline::after(kAskAgain);
        }
        removals.wait(kLookAgain);
    }
}

}  // namespace kata::libvirt_driver
