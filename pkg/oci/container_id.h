// ContainerId: a container's name as a user or an engine gave it, proved harmless once, here: it
// becomes part of paths, domain names and messages without being escaped again. It is not a promise
// that such a container exists.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

namespace kata::oci {

class ContainerId {
  public:
    /// The longest name that can be one component of a path.
    static constexpr std::size_t kMaxLength = 255;

    /// @param text one or more of [A-Za-z0-9_+.-], neither "." nor "..", at most kMaxLength bytes.
    /// @throws base::Error invalid_argument `invalid container ID format: "<text>"; ...`
    explicit ContainerId(std::string_view text);

    [[nodiscard]] const std::string& str() const noexcept { return text_; }

    auto operator<=>(const ContainerId&) const = default;

  private:
    std::string text_;
};

}  // namespace kata::oci
