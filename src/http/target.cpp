#include "target.hpp"

#include <algorithm>

namespace offboard::http {

namespace {

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
bool is_alpha(char c) noexcept {
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
bool is_hex(char c) noexcept {
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

bool is_name_character(char c) noexcept {
    return is_alpha(c) || is_digit(c) ||
           std::string_view("-._~!$&'()*+,;=%").find(c) != std::string_view::npos;
}

bool starts_with_scheme(std::string_view target, std::string_view scheme) noexcept {
    if (target.size() < scheme.size()) return false;
    return std::equal(scheme.begin(), scheme.end(), target.begin(), [](char want, char have) {
        return want == have || (is_alpha(have) && want == (have | 0x20));
    });
}

/// Printable ASCII, whole escapes, no fragment.
bool is_well_formed(std::string_view target) noexcept {
    for (std::size_t i = 0; i < target.size(); ++i) {
        const char c = target[i];
        if (c <= 0x20 || c >= 0x7f || c == '#') return false;
        if (c == '%' && !(i + 2 < target.size() && is_hex(target[i + 1]) && is_hex(target[i + 2])))
            return false;
    }
    return true;
}

} // namespace

bool is_authority(std::string_view text) noexcept {
    std::string_view rest = text;
    if (!rest.empty() && rest.front() == '[') {
        const std::size_t end = rest.find(']');
        if (end == rest.npos || end < 3) return false;
        const std::string_view literal = rest.substr(1, end - 1);
        if (!std::all_of(literal.begin(), literal.end(),
                         [](char c) { return is_hex(c) || c == ':' || c == '.'; }))
            return false;
        rest.remove_prefix(end + 1);
    } else {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        if (end == 0) return false;
        if (!std::all_of(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(end), is_name_character))
            return false;
        rest.remove_prefix(end);
    }
    if (rest.empty()) return true;
    if (rest.front() != ':' || rest.size() > 6) return false;
    rest.remove_prefix(1);
    return std::all_of(rest.begin(), rest.end(), is_digit);
}

bool split_target(request& r) {
    std::string_view target = r.target;
    if (r.method == "CONNECT" || !is_well_formed(target)) return false;
    if (target == "*") {
        r.path = "*";
        return r.method == "OPTIONS";
    }
    for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
        if (!starts_with_scheme(target, scheme)) continue;
        target.remove_prefix(scheme.size());
        const std::size_t end = std::min(target.find_first_of("/?"), target.size());
        if (!is_authority(target.substr(0, end))) return false;
        target.remove_prefix(end);
        if (target.empty() || target.front() == '?') {
            r.path = "/";
            if (!target.empty()) r.query = target.substr(1);
            return true;
        }
        break;
    }
    if (target.empty() || target.front() != '/') return false;
    const std::size_t question = target.find('?');
    r.path = target.substr(0, question);
    if (question != target.npos) r.query = target.substr(question + 1);
    return r.path.find('%') == r.path.npos || percent_decoded(r.path).has_value();
}

} // namespace offboard::http
