// libvirt's event loop: needed for keepalive, which closes a connection whose daemon has died.
// libvirt has one loop per process, and so have we.
#pragma once

namespace kata::libvirt_driver {

/// Registers libvirt's loop and runs it on a thread that lives as long as the process. Only the
/// first call acts; it must come before the first connection is opened. @throws Error internal.
void ensure_event_loop();

}  // namespace kata::libvirt_driver
