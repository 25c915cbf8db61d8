// Newer releases of this runtime: kata-check's network checks. The list is fetched from the address
// in KATA_RELEASE_URL, which answers as GitHub's API does; without one nothing is asked, because
// where releases are published is the packager's choice. No failure here is ever an error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"

namespace kata::cli {

/// Does what the options ask for and shows it on standard output; what kept it from being done goes
/// to standard error.
void check_releases(const CheckOptions& options);

struct Release {
    std::string version;  // "1.2.3" or "1.2.3-rc1"
    std::string url;
    std::string date;
    bool operator==(const Release&) const = default;
};

/// Those that have a version and something to download, newest first.
/// @throws base::Error invalid_argument if it is no such list
[[nodiscard]] std::vector<Release> parse_releases(std::string_view json);

/// What is shown of `releases`. Pure.
/// @param own this program's version
[[nodiscard]] std::string release_report(const std::vector<Release>& releases,
                                         const std::string& own,
                                         const CheckOptions& options);

}  // namespace kata::cli
