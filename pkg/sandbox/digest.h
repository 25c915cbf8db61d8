// Digest: a checksum that grows with the bytes it is given. A port: the library that computes it is
// loaded only when one is needed.
#pragma once

#include <string>
#include <string_view>

namespace kata::sandbox {

class Digest {
  public:
    Digest() = default;
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;
    Digest(Digest&&) = delete;
    Digest& operator=(Digest&&) = delete;
    virtual ~Digest() = default;

    virtual void add(std::string_view bytes) = 0;

    /// In lower case, of all that was added. Once, at the end.
    [[nodiscard]] virtual std::string hexadecimal() = 0;
};

}  // namespace kata::sandbox
