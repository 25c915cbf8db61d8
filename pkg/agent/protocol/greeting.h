// The greeting: how two ends of a byte stream that may still hold somebody else's bytes agree that
// a new conversation begins. A virtio-serial port has no connections of its own; a client that was
// killed in mid-message leaves rubbish behind in both directions.
//
// The guest, on seeing the host connect, sends one frame; the host drops every byte before it, and
// echoes it; the guest drops every byte before that echo. After it, the stream belongs to gRPC.
// A frame and its echo are 32 bytes each:
//   frame  "KATAGREETING" (12 bytes) | major (u16, big endian) | minor (u16) | nonce (16 bytes)
//   echo   "KATAWELCOMES" (12 bytes) | the host's major | minor | the same nonce
// The nonce makes an echo that a dead client had sent worthless.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "pkg/base/deadline.h"
#include "pkg/base/unique_fd.h"

namespace kata::agent {

struct ProtocolVersion {
    std::uint16_t major = 1;  // another major is refused
    std::uint16_t minor = 0;
    bool operator==(const ProtocolVersion&) const = default;
};
inline constexpr ProtocolVersion kProtocolVersion{1, 0};

inline constexpr std::size_t kGreetingSize = 32;
using Nonce = std::array<unsigned char, 16>;

struct Greeting {
    ProtocolVersion version;
    Nonce nonce{};
};

/// The names of the ports in the guest are this and a number: "kata.agent.0", ...
inline constexpr const char* kPortNamePrefix = "kata.agent.";
/// With vsock the agent listens here.
inline constexpr unsigned kVsockPort = 1024;

[[nodiscard]] std::string encode_greeting(const Greeting& greeting);
[[nodiscard]] std::string encode_echo(const Greeting& greeting);

/// Finds a frame in a stream fed in pieces, byte by byte, so that what follows the frame is never
/// consumed.
class FrameScanner {
  public:
    enum class Kind { greeting, echo };
    explicit FrameScanner(Kind kind) : kind_(kind) {}

    /// How many bytes may be read now without reading past the end of a frame (at least 1).
    [[nodiscard]] std::size_t wanted() const;

    /// Takes bytes (at most wanted()); true when they complete a frame, then found() is it.
    bool feed(const char* data, std::size_t size);
    [[nodiscard]] const Greeting& found() const { return found_; }

  private:
    Kind kind_;
    std::string window_;
    Greeting found_;
};

/// The host's side, on a connected descriptor: waits for a greeting, answers it.
/// @return the agent's version. @throws base::Error timeout, unavailable (end of file: the VM
/// died), unsupported (another major version: reinstall the guest image and kata-runtime together).
ProtocolVersion greet_guest(base::FdRef connection, base::Deadline deadline);

}  // namespace kata::agent
