#include "pkg/oci/json_document.h"

#include <algorithm>

#include "pkg/base/error.h"
#include "pkg/oci/json_view.h"
#include "pkg/oci/spec_json.h"

namespace kata::oci {
namespace {

constexpr std::size_t kShownBytes = 200;

// nlohmann writes "[json.exception.parse_error.101] parse error at line 1, column 2: <cause>".
std::string cause_of(const nlohmann::json::exception& error) {
    std::string_view text = error.what();
    if (const auto end = text.find("] "); end != std::string_view::npos) {
        text.remove_prefix(end + 2);
    }
    if (text.substr(0, 11) == "parse error") {
        if (const auto end = text.find(": "); end != std::string_view::npos) {
            text.remove_prefix(end + 2);
        }
    }
    return base::printable(text, kShownBytes);
}

}  // namespace

bool DocumentBuilder::null() {
    add(nullptr);
    return true;
}

bool DocumentBuilder::boolean(bool value) {
    add(value);
    return true;
}

bool DocumentBuilder::number_integer(number_integer_t value) {
    add(value);
    return true;
}

bool DocumentBuilder::number_unsigned(number_unsigned_t value) {
    add(value);
    return true;
}

bool DocumentBuilder::number_float(number_float_t value, const string_t& /*text*/) {
    add(value);
    return true;
}

bool DocumentBuilder::string(string_t& value) {
    refuse_nul(value);
    add(std::move(value));
    return true;
}

bool DocumentBuilder::binary(binary_t& /*value*/) {
    refuse("binary values are not JSON");
}

bool DocumentBuilder::start_object(std::size_t /*elements*/) {
    return open(nlohmann::json::object());
}

bool DocumentBuilder::start_array(std::size_t /*elements*/) {
    return open(nlohmann::json::array());
}

bool DocumentBuilder::end_object() {
    return close();
}

bool DocumentBuilder::end_array() {
    return close();
}

bool DocumentBuilder::key(string_t& name) {
    refuse_nul(name);
    if (open_.back()->contains(name)) {
        refuse(member_path(path(), name) + " is written twice");
    }
    key_ = std::move(name);
    return true;
}

bool DocumentBuilder::parse_error(std::size_t position,
                                  const std::string& /*last_token*/,
                                  const nlohmann::json::exception& error) {
    refuse_at(position == 0 ? 0 : position - 1, cause_of(error));
}

// The parser takes a NUL byte for the end of the text and would not see what follows it.
void DocumentBuilder::refuse_nul_bytes() const {
    if (const auto position = text_.find('\0'); position != std::string_view::npos) {
        refuse_at(position, "a NUL byte");
    }
}

void DocumentBuilder::refuse_at(std::size_t offset, const std::string& cause) const {
    const std::string_view read = text_.substr(0, offset);
    const auto line = 1 + std::count(read.begin(), read.end(), '\n');
    const auto line_start = read.rfind('\n') + 1;  // npos + 1 is 0
    refuse("line " + std::to_string(line) + ", column " +
           std::to_string(read.size() - line_start + 1) + ": " + cause);
}

nlohmann::json* DocumentBuilder::add(nlohmann::json value) {
    if (open_.empty()) {
        root_ = std::move(value);
        return &root_;
    }
    nlohmann::json& parent = *open_.back();
    if (parent.is_array()) {
        parent.push_back(std::move(value));
        return &parent.back();
    }
    return &(parent[key_] = std::move(value));
}

bool DocumentBuilder::open(nlohmann::json container) {
    if (open_.size() >= kMaxNesting) {
        refuse("it is nested deeper than " + std::to_string(kMaxNesting) + " levels");
    }
    if (!open_.empty()) {
        const nlohmann::json& parent = *open_.back();
        path_.push_back(parent.is_array() ? element_path(path(), parent.size())
                                          : member_path(path(), key_));
    } else {
        path_.emplace_back();
    }
    open_.push_back(add(std::move(container)));
    return true;
}

bool DocumentBuilder::close() {
    open_.pop_back();
    path_.pop_back();
    return true;
}

void DocumentBuilder::refuse_nul(const std::string& value) const {
    if (value.find('\0') != std::string::npos) {
        refuse("a string in " + (path().empty() ? "the document" : path()) +
               " holds a NUL character");
    }
}

void DocumentBuilder::refuse(const std::string& cause) const {
    throw base::Error(base::ErrorCode::invalid_argument,
                      "cannot parse \"" + base::printable(origin_) + "\"",
                      cause);
}

std::string DocumentBuilder::path() const {
    return path_.empty() ? std::string() : path_.back();
}

}  // namespace kata::oci
