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
/// Length of the blank that begins there, 0 when none does: Unicode's White_Space, and what is as invisible
/// (zero-width spaces and joiners, the byte order mark). Controls have been refused before.
std::size_t blank_at(std::string_view text) {
    if (text.starts_with(' ')) return 1;
    if (text.starts_with("\xC2\xA0")) return 2;
    for (const std::string_view blank : {"\xE1\x9A\x80", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF",
                                         "\xE2\x81\x9F", "\xE2\x81\xA0", "\xE3\x80\x80", "\xEF\xBB\xBF"})
        if (text.starts_with(blank)) return 3;
    // U+2000 to U+200D.
    const bool row = text.starts_with("\xE2\x80") && text.size() > 2;
    return row && static_cast<unsigned char>(text[2]) <= 0x8D ? 3 : 0;
}

bool has_blank_at_an_end(std::string_view text) {
    if (blank_at(text) > 0) return true;
    for (const std::size_t length : {1u, 2u, 3u})
        if (text.size() >= length && blank_at(text.substr(text.size() - length)) == length) return true;
    return false;
}

/// Where the quoted part that begins at `from` ends; npos when nothing ends it, and it is none.
std::size_t end_of_quoted(std::string_view text, std::size_t from) {
    for (std::size_t i = from + 1; i < text.size(); ++i) {
        if (text[i] == '"') return i;
        if (text[i] == '\\') ++i;
    }
    return std::string_view::npos;
}

/// One @ at least, something on both sides of the last one, and no blank outside quotes. Not more: what is an
/// address and what is none, the vendor decides.
bool is_email_shaped(std::string_view text) {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"' && i < at) {
            const std::size_t end = end_of_quoted(text.substr(0, at), i);
            if (end != std::string_view::npos) i = end;
        } else if (blank_at(text.substr(i)) > 0) {
            return false;
        }
    }
    return true;
}

constexpr std::size_t fewest_digits = 6;
constexpr std::size_t most_digits = 15; ///< E.164
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
    if (has_blank_at_an_end(value)) return "must not begin or end with a blank";
    switch (kind) {
    case identifier_kind::email:
        if (!is_email_shaped(value))
            return "must be an e-mail address: a name, @ and a domain, without blanks";
        break;
    case identifier_kind::mobile:
        if (!is_digits(value) || value.size() < fewest_digits || value.size() > most_digits)
            return "must be 6 to 15 digits after an optional +";
        break;
    case identifier_kind::mention_me_customer_id:
    case identifier_kind::capillary_id:
    case identifier_kind::external_id:
    case identifier_kind::billing_customer_id:
    case identifier_kind::billing_subscription_id:
    case identifier_kind::billing_order_id: break;
    }
    return {};
}

} // namespace offboard
