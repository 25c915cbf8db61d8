// The document of `features`: what this runtime and the crun in its guest understand. Engines read
// it to decide what they may ask for, so nothing stands here that is not honoured.
#pragma once

#include <string>

namespace kata::oci {

/// @param version this runtime's, for the annotations. @return JSON indented by four, newline at
/// the end.
[[nodiscard]] std::string features_json(const std::string& version);

}  // namespace kata::oci
