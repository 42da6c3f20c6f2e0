// YAML 1.2.2, section 10.3.2: how the core schema tells the type of an unquoted scalar.
#include "yaml.hpp"

#include <algorithm>
#include <array>

namespace offboard::config {

namespace {

bool any_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::size_t skip_digits(std::string_view& text) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
    const auto n = static_cast<std::size_t>(end - text.begin());
    text.remove_prefix(n);
    return n;
}

bool consists_of(std::string_view text, std::string_view alphabet) {
    return !text.empty() && text.find_first_not_of(alphabet) == std::string_view::npos;
}

bool is_number(std::string_view text) {
    if (text.starts_with("0o")) return consists_of(text.substr(2), "01234567");
    if (text.starts_with("0x")) return consists_of(text.substr(2), "0123456789abcdefABCDEF");
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    std::size_t digits = skip_digits(text);
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        digits += skip_digits(text);
    }
    if (digits == 0) return false;
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
        if (skip_digits(text) == 0) return false;
    }
    return text.empty();
}

bool is_beyond_numbers(std::string_view text) {
    if (any_of(text, {".nan", ".NaN", ".NAN"})) return true;
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    return any_of(text, {".inf", ".Inf", ".INF"});
}

} // namespace

std::optional<document> plain_scalar(std::string_view text) {
    if (any_of(text, {"", "~", "null", "Null", "NULL"})) return document();
    if (any_of(text, {"true", "True", "TRUE"})) return document::boolean(true);
    if (any_of(text, {"false", "False", "FALSE"})) return document::boolean(false);
    if (is_beyond_numbers(text)) return std::nullopt;
    if (is_number(text)) return document::number(std::string(text));
    return document::string(std::string(text));
}

} // namespace offboard::config
