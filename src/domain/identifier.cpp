#include "offboard/domain/identifier.hpp"

#include <algorithm>

namespace offboard {

namespace {
constexpr std::size_t most_characters = 256;

bool is_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Bytes that begin a character; the text is valid UTF-8 already, the JSON parser saw to that.
std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool has_control_character(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 || c == 0x7F) return true;
        // U+0080 to U+009F, the second block of controls, is C2 80 to C2 9F in UTF-8.
        if (c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
    }
    return false;
}
// E.164 allows 15 digits; shorter than 6 is nobody's mobile.
constexpr std::size_t fewest_digits = 6;
constexpr std::size_t most_digits = 15;

bool is_blank(char c) {
    return c == ' ';
}

bool is_email(std::string_view text) {
    const auto at = text.rfind('@');
    if (at == text.npos || at == 0 || at + 1 == text.size()) return false;
    bool quoted = false;
    for (const char c : text) {
        if (c == '"') quoted = !quoted;
        if (is_blank(c) && !quoted) return false;
    }
    return true;
}
} // namespace

std::string_view to_string(identifier_kind kind) noexcept {
    switch (kind) {
    case identifier_kind::email: return "email";
    case identifier_kind::mobile: return "mobile";
    case identifier_kind::mention_me_customer_id: return "mention_me_customer_id";
    case identifier_kind::capillary_id: return "capillary_id";
    case identifier_kind::external_id: return "external_id";
    case identifier_kind::billing_customer_id: return "billing_customer_id";
    case identifier_kind::billing_subscription_id: return "billing_subscription_id";
    case identifier_kind::billing_order_id: return "billing_order_id";
    }
    return "";
}

std::optional<identifier_kind> identifier_kind_from(std::string_view name) noexcept {
    for (const auto kind : all_identifier_kinds)
        if (to_string(kind) == name) return kind;
    return std::nullopt;
}

std::string_view identifier_fault(identifier_kind kind, std::string_view value) noexcept {
    if (value.empty()) return "must not be empty";
    if (characters(value) > most_characters) return "must have at most 256 characters";
    if (has_control_character(value)) return "must not contain control characters";
    if (is_blank(value.front()) || is_blank(value.back())) return "must not begin or end with a blank";
    if (kind == identifier_kind::mobile && !is_digits(value)) return "must be digits after an optional +";
    if (kind == identifier_kind::mobile && (value.size() < fewest_digits || value.size() > most_digits))
        return "must have 6 to 15 digits";
    if (kind == identifier_kind::email && !is_email(value))
        return "must be an address: something before and after an @, and no blank outside quotes";
    return {};
}

} // namespace offboard
