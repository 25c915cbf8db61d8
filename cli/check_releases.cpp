#include "cli/check_releases.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <tuple>

#include <nlohmann/json.hpp>

#include "cli/check_download.h"
#include "cli/commands.h"
#include "pkg/base/error.h"
#include "pkg/base/file.h"
#include "pkg/host/text.h"

namespace kata::cli {
namespace {

using base::Error;
using base::ErrorCode;

/// A semantic version, without the meaning of build numbers.
struct Version {
    std::array<std::uint64_t, 3> numbers{};
    std::string pre_release;  // empty: it is none, and newer than each of its pre-releases

    [[nodiscard]] auto key() const { return std::tuple(numbers, pre_release.empty(), pre_release); }
};

std::optional<Version> parse_version(std::string_view text) {
    text = text.substr(0, text.find('+'));
    const auto dash = text.find('-');
    Version version;
    if (dash != std::string_view::npos) {
        version.pre_release = text.substr(dash + 1);
    }
    const auto parts = host::split(text.substr(0, dash), '.');
    if (parts.size() != version.numbers.size()) {
        return std::nullopt;
    }
    for (std::size_t at = 0; at < parts.size(); ++at) {
        const auto number = host::number_of(parts[at]);
        if (!number) {
            return std::nullopt;
        }
        version.numbers[at] = *number;
    }
    return version;
}

Version known(const std::string& text) {
    return parse_version(text).value_or(Version{});
}

bool is_newer(const std::string& version, const std::string& than) {
    return known(version).key() > known(than).key();
}

std::string text_in(const nlohmann::json& release, const char* key) {
    const auto found = release.find(key);
    return found != release.end() && found->is_string()
               ? base::printable(found->get<std::string>(), 256)
               : "";
}

std::optional<Release> parse_release(const nlohmann::json& json) {
    if (!json.is_object() || !json.contains("assets") || json["assets"].empty()) {
        return std::nullopt;
    }
    std::string version = text_in(json, "tag_name");
    if (version.starts_with("v")) {
        version.erase(0, 1);
    }
    const std::string url = text_in(json, "html_url");
    if (!parse_version(version) || !url.starts_with("http")) {
        return std::nullopt;
    }
    return Release{std::move(version), url, text_in(json, "created_at")};
}

/// "major", "minor" or "patch", of a pre-release with that word.
std::string kind_of_step(const std::string& from, const std::string& to) {
    const Version old_one = known(from);
    const Version new_one = known(to);
    const std::string kind = new_one.numbers[0] != old_one.numbers[0]   ? "major"
                             : new_one.numbers[1] != old_one.numbers[1] ? "minor"
                                                                        : "patch";
    return kind + (new_one.pre_release.empty() ? "" : " pre-release");
}

bool is_candidate(const Release& release, const std::string& own, const CheckOptions& options) {
    return options.include_all_releases ||
           (is_newer(release.version, own) && known(release.version).pre_release.empty());
}

void say(const std::string& text) {
    base::write_all(base::FdRef(STDERR_FILENO), text + "\n", "standard error");
}

bool is_asked_for(const CheckOptions& options) {
    return options.check_version_only || options.only_list_releases;
}

/// Why nothing is to be fetched; nullopt: it is.
std::optional<std::string> reason_not_to(const CheckOptions& options, const char* url) {
    if (options.no_network_checks || std::getenv("KATA_CHECK_NO_NETWORK") != nullptr) {
        return "network checks are turned off";
    }
    if (url == nullptr || *url == '\0') {
        return "KATA_RELEASE_URL names no list of releases";
    }
    if (::geteuid() == 0 && !is_asked_for(options)) {
        return "Not running network checks as super user";
    }
    return std::nullopt;
}

}  // namespace

std::vector<Release> parse_releases(std::string_view json) {
    const auto list = nlohmann::json::parse(json, nullptr, false);
    if (!list.is_array()) {
        throw Error(ErrorCode::invalid_argument,
                    "cannot read the list of releases: it is not a JSON array");
    }
    std::vector<Release> releases;
    for (const auto& entry : list) {
        if (auto release = parse_release(entry)) {
            releases.push_back(std::move(*release));
        }
    }
    std::ranges::sort(releases, [](const Release& a, const Release& b) {
        return is_newer(a.version, b.version);
    });
    return releases;
}

std::string release_report(const std::vector<Release>& releases,
                           const std::string& own,
                           const CheckOptions& options) {
    if (releases.empty()) {
        return "No releases available\n";
    }
    std::string list;
    const Release* newest = nullptr;
    for (const Release& release : releases) {
        if (is_candidate(release, own, options)) {
            list += release.version + ";" + release.date + ";" + release.url + "\n";
            const bool newer = is_newer(release.version, own);
            newest = newest == nullptr && newer ? &release : newest;
        }
    }
    if (options.only_list_releases && !list.empty()) {
        return list;
    }
    if (newest == nullptr) {
        return "No newer release available\n";
    }
    return "Newer " + kind_of_step(own, newest->version) +
           " release available: " + newest->version + " (url: " + newest->url +
           ", date: " + newest->date + ")\n";
}

void check_releases(const CheckOptions& options) {
    const char* url = std::getenv("KATA_RELEASE_URL");
    if (const auto reason = reason_not_to(options, url)) {
        if (is_asked_for(options) || options.verbose) {
            say("not looking for newer releases: " + *reason);
        }
        return;
    }
    try {
        const auto releases = parse_releases(download(url));
        const std::string report = release_report(releases, KATA_VERSION, options);
        // A document on standard output stays one document.
        options.json && !is_asked_for(options) ? say(report.substr(0, report.size() - 1))
                                               : write_output(report);
    } catch (const Error& failure) {
        say("not looking for newer releases: " + base::printable(failure.what()));
    }
}

}  // namespace kata::cli
