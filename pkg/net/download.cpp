#include "pkg/net/download.h"

#include <curl/curl.h>

#include <array>
#include <memory>

namespace {

constexpr long kConnectSeconds = 5;
constexpr long kSeconds = 15;
constexpr long kRedirects = 3;
constexpr std::size_t kMostBytes = std::size_t{8} << 20;

struct CurlEnd {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

std::size_t take(char* data, std::size_t size, std::size_t count, void* content) {
    auto& text = *static_cast<std::string*>(content);
    // Fewer bytes taken than there are: libcurl gives up.
    if (text.size() + size * count > kMostBytes) {
        return 0;
    }
    text.append(data, size * count);
    return size * count;
}

void set_options(CURL* handle, const std::string& url, std::string& content, char* error) {
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(handle, CURLOPT_MAXREDIRS, kRedirects);
    curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT, kSeconds);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "kata-runtime");
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &content);
}

}  // namespace

extern "C" [[gnu::visibility("default")]] bool kata_download(const std::string& url,
                                                             std::string& content,
                                                             std::string& error) {
    const std::unique_ptr<CURL, CurlEnd> handle(curl_easy_init());
    if (handle == nullptr) {
        error = "libcurl does not start";
        return false;
    }
    std::array<char, CURL_ERROR_SIZE> words{};
    set_options(handle.get(), url, content, words.data());
    const CURLcode code = curl_easy_perform(handle.get());
    if (code != CURLE_OK) {
        error = words[0] == '\0' ? curl_easy_strerror(code) : words.data();
    }
    return code == CURLE_OK;
}
