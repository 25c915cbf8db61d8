// SHA-512 by libcrypto, for libkata-vm.so. The only folder that includes libcrypto.
#pragma once

#include <memory>

#include "pkg/sandbox/digest.h"

namespace kata::crypto {

/// @throws base::Error unsupported if libcrypto has no SHA-512, as an administrator can decide.
[[nodiscard]] std::unique_ptr<sandbox::Digest> make_sha512();

}  // namespace kata::crypto
