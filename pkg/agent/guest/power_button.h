// PowerButton: learns from the kernel's ACPI events (generic netlink) that somebody asks the VM to
// switch off, as virDomainShutdown does. Loop thread only.
#pragma once

#include <functional>
#include <string_view>

#include "pkg/agent/guest/event_loop.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent::guest {

class PowerButton {
  public:
    /// A kernel without ACPI events has no button: a line on the console, and no presses.
    PowerButton(EventLoop& loop, std::function<void()> on_press);

  private:
    void receive();

    std::function<void()> on_press_;
    base::UniqueFd socket_;
    EventLoop::Watch watch_;
};

/// Whether a generic netlink message is the press of a power button.
[[nodiscard]] bool is_power_button_press(std::string_view message);

}  // namespace kata::agent::guest
