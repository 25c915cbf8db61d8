// Fetching a document from the network. libcurl is in libkata-net.so, which is opened here, so that
// no other command pays for it; without that library everything else still works.
#pragma once

#include <string>

namespace kata::cli {

/// The document at an http or https address, at most 8 MiB, within 15 s.
/// @throws base::Error unavailable with libcurl's words, or if libkata-net.so cannot be opened
[[nodiscard]] std::string download(const std::string& url);

}  // namespace kata::cli
