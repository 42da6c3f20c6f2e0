#include "offboard/base/fold_case.hpp"

#include <utf8proc.h>

#include <array>

namespace offboard {

namespace {

constexpr utf8proc_int32_t dotted_capital_i = 0x130;
constexpr utf8proc_int32_t dotless_i = 0x131;

utf8proc_int32_t folded(utf8proc_int32_t c) {
    if (c == dotted_capital_i || c == dotless_i) return c;
    // By way of the capital: the two small sigmas are one letter.
    return utf8proc_tolower(utf8proc_toupper(c));
}

bool is_ascii(std::string_view s) noexcept {
    for (const char c : s)
        if (static_cast<unsigned char>(c) >= 0x80) return false;
    return true;
}

} // namespace

std::string fold_ascii_case(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string fold_case(std::string_view utf8) {
    if (is_ascii(utf8)) return fold_ascii_case(utf8);
    std::string out;
    out.reserve(utf8.size());
    const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
    auto left = static_cast<utf8proc_ssize_t>(utf8.size());
    while (left > 0) {
        utf8proc_int32_t c = 0;
        const utf8proc_ssize_t read = utf8proc_iterate(at, left, &c);
        if (read <= 0) {
            out += static_cast<char>(*at++);
            --left;
            continue;
        }
        std::array<utf8proc_uint8_t, 4> bytes{};
        const utf8proc_ssize_t n = utf8proc_encode_char(folded(c), bytes.data());
        out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(n));
        at += read;
        left -= read;
    }
    return out;
}

bool contains_folded(std::string_view text, std::string_view part) {
    if (part.empty() || text.size() < part.size() / 2) return false;
    return fold_case(text).find(fold_case(part)) != std::string::npos;
}

} // namespace offboard
