// JsonView: one value of a parsed document and its JSON path, so that a value of a wrong type is
// refused by name. It borrows the document. For those who read documents of a fixed form.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace kata::oci {

/// "process" + "args" -> "process.args"; a key that is no plain word is quoted: annotations["a.b"].
[[nodiscard]] std::string member_path(const std::string& parent, std::string_view key);

/// "process.args", 1 -> "process.args[1]".
[[nodiscard]] std::string element_path(const std::string& parent, std::size_t index);

class JsonView {
  public:
    JsonView(const nlohmann::json& value, std::string path)
        : value_(&value), path_(std::move(path)) {}

    [[nodiscard]] const nlohmann::json& value() const noexcept { return *value_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// The member `key`; nullopt if it is absent or null. @throws base::Error if this is not an
    /// object.
    [[nodiscard]] std::optional<JsonView> find(const char* key) const;

    /// The elements of an array. @throws base::Error if this is none.
    [[nodiscard]] std::vector<JsonView> elements() const;

    /// Each reads this value into `target`. @throws base::Error invalid_argument naming path and
    /// types.
    void get(bool& target) const;
    void get(std::string& target) const;
    void get(std::int32_t& target) const;
    void get(std::uint32_t& target) const;
    void get(std::int64_t& target) const;
    void get(std::uint64_t& target) const;
    void get(std::vector<std::string>& target) const;
    void get(std::vector<std::uint32_t>& target) const;
    void get(std::map<std::string, std::string>& target) const;

    template <typename T>
    void get(std::optional<T>& target) const {
        T value{};
        get(value);
        target = std::move(value);
    }

    /// Reads the member `key` into `target`, which is left alone if there is none.
    template <typename T>
    void read(const char* key, T& target) const {
        if (const auto member = find(key)) {
            member->get(target);
        }
    }

    /// Reads the array `key`, element by element with `parse` (JsonView -> T).
    template <typename T, typename Parse>
    void read_list(const char* key, std::vector<T>& target, Parse parse) const {
        if (const auto member = find(key)) {
            for (const JsonView& element : member->elements()) {
                target.push_back(parse(element));
            }
        }
    }

  private:
    [[noreturn]] void refuse_type(std::string_view wanted) const;
    [[nodiscard]] std::int64_t signed_between(std::int64_t low, std::int64_t high) const;
    [[nodiscard]] std::uint64_t unsigned_up_to(std::uint64_t high) const;

    const nlohmann::json* value_;
    std::string path_;
};

}  // namespace kata::oci
