// DocumentBuilder: makes a JSON tree from the events of nlohmann's parser and refuses what two
// readers of the same text could understand differently. Internal to this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace kata::oci {

class DocumentBuilder : public nlohmann::json::json_sax_t {
  public:
    /// @param text what is parsed, for line and column. @param origin its name, for messages.
    DocumentBuilder(std::string_view text, const std::string& origin)
        : text_(text), origin_(origin) {}

    /// @throws Error invalid_argument, with line and column, if there is a NUL byte in the text.
    void refuse_nul_bytes() const;

    [[nodiscard]] nlohmann::json take() { return std::move(root_); }

    bool null() override;
    bool boolean(bool value) override;
    bool number_integer(number_integer_t value) override;
    bool number_unsigned(number_unsigned_t value) override;
    bool number_float(number_float_t value, const string_t& text) override;
    bool string(string_t& value) override;
    bool binary(binary_t& value) override;
    bool start_object(std::size_t elements) override;
    bool key(string_t& name) override;
    bool end_object() override;
    bool start_array(std::size_t elements) override;
    bool end_array() override;
    bool parse_error(std::size_t position,
                     const std::string& last_token,
                     const nlohmann::json::exception& error) override;

  private:
    nlohmann::json* add(nlohmann::json value);
    bool open(nlohmann::json container);
    bool close();
    void refuse_nul(const std::string& value) const;
    [[noreturn]] void refuse_at(std::size_t offset, const std::string& cause) const;
    [[noreturn]] void refuse(const std::string& cause) const;
    [[nodiscard]] std::string path() const;

    std::string_view text_;
    const std::string& origin_;
    nlohmann::json root_;
    std::string key_;                    // of the member whose value comes next
    std::vector<nlohmann::json*> open_;  // the containers we are in, outermost first
    std::vector<std::string> path_;      // of those containers
};

}  // namespace kata::oci
