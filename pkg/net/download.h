// What libkata-net.so exports: one function over libcurl, the only use of the network by this
// project's host side. Not a general client: no headers, no authentication, no redirects to other
// schemes.
#pragma once

#include <string>

namespace kata::net {

/// Both sides are built together, so C++ types may pass. @return false: `error` says why not.
using Download = bool (*)(const std::string& url, std::string& content, std::string& error);
inline constexpr const char* kDownloadSymbol = "kata_download";

}  // namespace kata::net
