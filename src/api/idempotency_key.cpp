#include "offboard/api/idempotency_key.hpp"

#include <algorithm>

namespace offboard::api {

namespace {

constexpr std::size_t longest_key = 255;

bool is_token_character(char c) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~:/=@";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
}

/// The content of an RFC 8941 string, both quotes included in `field`; nothing when it is none.
std::optional<std::string> unquoted(std::string_view field) {
    if (field.size() < 2 || field.back() != '"') return std::nullopt;
    std::string out;
    for (std::size_t i = 1; i + 1 < field.size(); ++i) {
        char c = field[i];
        if (c == '"' || c < 0x20 || c > 0x7e) return std::nullopt;
        if (c == '\\') {
            if (++i + 1 >= field.size()) return std::nullopt;
            c = field[i];
            if (c != '"' && c != '\\') return std::nullopt;
        }
        out += c;
    }
    return out;
}

} // namespace

idempotency_key read_idempotency_key(const http::request& request) {
    idempotency_key out;
    const auto given = std::ranges::count(request.headers, "idempotency-key", &header_field::first);
    if (given == 0) return out;
    if (given > 1) {
        out.fault = "Idempotency-Key is there more than once.";
        return out;
    }
    const std::string_view field = request.header("idempotency-key");
    if (field.starts_with('"')) {
        const auto text = unquoted(field);
        if (text)
            out.text = *text;
        else
            out.fault = "Idempotency-Key must be a quoted string or a plain token.";
    } else if (std::ranges::all_of(field, is_token_character)) {
        out.text = field;
    } else {
        out.fault = "Idempotency-Key must be a quoted string or a plain token.";
    }
    if (out.fault.empty() && (out.text.empty() || out.text.size() > longest_key))
        out.fault = "Idempotency-Key must have 1 to 255 characters.";
    return out;
}

} // namespace offboard::api
