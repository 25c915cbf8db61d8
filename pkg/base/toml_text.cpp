#include "pkg/base/toml_text.h"

namespace kata::base {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Where in TOML's text a character is, and how far it has been read.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {
        at_ = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    }

    std::optional<std::size_t> find() {
        while (at_ < text_.size()) {
            if (may_not_be_foreign() && static_cast<unsigned char>(text_[at_]) >= 0x80) {
                return line_;
            }
            step();
        }
        return std::nullopt;
    }

  private:
    // The end of each is its own text; of a comment it is the line's.
    static constexpr std::string_view kBare = "";
    static constexpr std::string_view kComment = "#";
    static constexpr std::string_view kBasic = "\"";
    static constexpr std::string_view kLiteral = "'";
    static constexpr std::string_view kLongBasic = "\"\"\"";
    static constexpr std::string_view kLongLiteral = "'''";

    [[nodiscard]] bool is_long() const { return inside_.size() == kLongBasic.size(); }
    [[nodiscard]] bool may_not_be_foreign() const { return inside_ == kBare || is_long(); }

    void step() {
        const bool ends_line = text_[at_] == '\n';
        line_ += ends_line ? 1 : 0;
        if (inside_ == kBare) {
            open();
        } else if (ends_line && !is_long()) {
            inside_ = kBare;
        } else if (text_[at_] == '\\' && inside_.front() == '"') {
            const std::string_view next = text_.substr(at_ + 1, 1);
            at_ += next == "\\" || next == kBasic ? 1 : 0;
        } else if (inside_ != kComment && text_.substr(at_).starts_with(inside_)) {
            at_ += inside_.size() - 1;
            inside_ = kBare;
        }
        ++at_;
    }

    void open() {
        for (const auto& opening : {kLongBasic, kLongLiteral, kBasic, kLiteral, kComment}) {
            if (text_.substr(at_).starts_with(opening)) {
                inside_ = opening;
                at_ += opening.size() - 1;
                return;
            }
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::string_view inside_ = kBare;
};

}  // namespace

std::optional<std::size_t> line_of_foreign_character(std::string_view toml) {
    return Scanner(toml).find();
}

}  // namespace kata::base
