#include "cli/env_toml.h"

#include <array>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace kata::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            result.append("\\").append(1, c);
        } else if (c == '\n') {
            result += "\\n";
        } else if (byte < ' ' || byte == 0x7f) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(), escape.size(), "\\u%04X", byte);
            result += escape.data();
        } else {
            result += c;
        }
    }
    return result + "\"";
}

std::string value_text(const Json& value) {
    if (value.is_string()) {
        return quoted(value.get<std::string>());
    }
    if (!value.is_array()) {
        return value.dump();
    }
    std::string items;
    for (const Json& item : value) {
        items += (items.empty() ? "" : ", ") + value_text(item);
    }
    return "[" + items + "]";
}

// Tables of tables: as deep as the document's author wrote them.
void add_table(std::string& text, const std::string& name, const Json& table) {
    if (!name.empty()) {
        text.append(text.empty() ? "" : "\n").append("[").append(name).append("]\n");
    }
    for (const auto& [key, value] : table.items()) {
        if (!value.is_object() && !value.is_null()) {
            text.append(key).append(" = ").append(value_text(value)).append("\n");
        }
    }
    for (const auto& [key, value] : table.items()) {
        if (value.is_object()) {
            add_table(text, name.empty() ? key : name + "." + key, value);
        }
    }
}

}  // namespace

std::string toml_text(const Json& document) {
    std::string text;
    add_table(text, "", document);
    return text;
}

}  // namespace kata::cli
